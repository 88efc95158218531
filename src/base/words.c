#include <ion/base.h>

#include <stdio.h>
#include <string.h>

/* The word after the one at `at`. */
static const char *next(const char *at)
{
  at += strcspn(at, " ");
  return at + strspn(at, " ");
}

size_t ion_word_count(const char *words)
{
  size_t n = 0;

  for (const char *at = words; at && *at; at = next(at)) n++;
  return n;
}

const char *ion_word_at(const char *words, size_t i, char *word, size_t size)
{
  const char *at = words;

  for (; i > 0 && *at; i--) at = next(at);
  snprintf(word, size, "%.*s", (int)strcspn(at, " "), at);
  return word;
}
