#include <ion/base.h>

#include <string.h>

#define MAX_NAME 128 /* longer names are not compared */
#define MAX_EDIT 5

static size_t smaller(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Edit distance with exchange of neighbours (optimal string alignment); strings below MAX_NAME. */
static size_t edit_distance(const char *a, const char *b)
{
  size_t row[3][MAX_NAME + 1];
  size_t *before = row[0], *last = row[1], *now = row[2];
  const size_t n_a = strlen(a), n_b = strlen(b);

  for (size_t j = 0; j <= n_b; j++) last[j] = j;
  for (size_t i = 1; i <= n_a; i++) {
    size_t *oldest = before;

    now[0] = i;
    for (size_t j = 1; j <= n_b; j++) {
      now[j] = smaller(last[j - 1] + (a[i - 1] != b[j - 1]), smaller(last[j], now[j - 1]) + 1);
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        now[j] = smaller(now[j], before[j - 2] + 1);
    }
    before = last;
    last   = now;
    now    = oldest;
  }
  return last[n_b];
}

const char *ion_nearest_name(const char *name, const char *const *known, size_t n)
{
  const size_t length = strlen(name);
  size_t allowed      = smaller(1 + length / 4, MAX_EDIT);
  const char *nearest = NULL;

  if (length >= MAX_NAME) return NULL;
  allowed = smaller(allowed, length > 0 ? length - 1 : 0);
  for (size_t i = 0; i < n; i++) {
    size_t distance;

    if (strlen(known[i]) >= MAX_NAME) continue;
    distance = edit_distance(name, known[i]);
    if (nearest ? distance < allowed : distance <= allowed) {
      nearest = known[i];
      allowed = distance;
    }
  }
  return nearest;
}
