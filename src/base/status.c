#include <ion/base.h>

static const char *const names[ION_N_STATUS] = {
    "pending",   "ok",      "no_state_found", "domain_error",
    "timed_out", "crashed", "infeasible",     "not_needed",
};

const char *ion_status_name(ion_status status)
{
  return (unsigned)status < ION_N_STATUS ? names[status] : "unknown";
}
