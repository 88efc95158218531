#include <ion/ledger.h>

const char ion_class_words[] = "pending physiological strained collapsed oscillatory none_found";

const char ion_departure_words[] = "none fold hopf bound absent";

const char *ion_class_name(ion_class class_)
{
  static const char *const name[ION_N_CLASS] = {"pending",   "physiological", "strained",
                                                "collapsed", "oscillatory",   "none_found"};

  return (unsigned)class_ < ION_N_CLASS ? name[class_] : "unknown";
}
