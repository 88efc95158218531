#include <ion/base.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text under construction; `used` counts what a large enough buffer would hold. */
typedef struct {
  char *text;
  size_t size, used;
} writer;

static void put(writer *out, const char *text, size_t n)
{
  if (out->used + n < out->size) {
    memcpy(out->text + out->used, text, n);
    out->text[out->used + n] = '\0';
  }
  out->used += n;
}

static PetscBool is_letter(char c)
{
  return (PetscBool)(isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80);
}

/* Bytes of the name at s; digits at its end are an exponent and not counted. */
static size_t name_length(const char *s)
{
  size_t n = 0;

  while (is_letter(s[n]) || (n > 0 && isdigit((unsigned char)s[n]))) n++;
  while (n > 0 && isdigit((unsigned char)s[n - 1])) n--;
  return n;
}

/* Exponent at *s ("^2", "**2", "-1", "3"), 1 when there is none. */
static long read_exponent(const char **s)
{
  const char *t = *s;
  long power    = 1;

  if (*t == '^')
    t++;
  else if (t[0] == '*' && t[1] == '*')
    t += 2;
  if (isdigit((unsigned char)*t) || ((*t == '-' || *t == '+') && isdigit((unsigned char)t[1]))) {
    char *end;

    power = strtol(t, &end, 10);
    *s    = end;
  }
  return power;
}

static void put_exponent(writer *out, long power)
{
  char text[32];

  if (power == 1) return;
  put(out, text, (size_t)snprintf(text, sizeof text, "^%ld", power));
}

/* A prefix in ASCII: both code points of micro become "u". */
static void put_ascii(writer *out, const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    if (i + 1 < n && (!memcmp(s + i, "\xc2\xb5", 2) || !memcmp(s + i, "\xce\xbc", 2))) {
      put(out, "u", 1);
      i++;
    } else if (i + 1 < n && !memcmp(s + i, "\xc2\xb0", 2)) {
      put(out, "deg", 3);
      i++;
    } else {
      put(out, s + i, 1);
    }
  }
}

/* True when s[0..n) is a metric prefix, or nothing. */
static PetscBool is_prefix(const char *s, size_t n)
{
  static const char *const prefix[] = {"",  "y", "z", "a", "f", "p", "n", "u",        "\xc2\xb5",
                                       "m", "c", "d", "h", "k", "G", "T", "\xce\xbc", "da"};

  for (size_t i = 0; i < ION_COUNT(prefix); i++)
    if (strlen(prefix[i]) == n && !memcmp(prefix[i], s, n)) return PETSC_TRUE;
  return PETSC_FALSE;
}

/* One name in plain UDUNITS-2; a quotient is put in brackets unless it stands alone. */
static void put_name(writer *out, const char *s, size_t n, PetscBool alone)
{
  if (n >= 1 && s[n - 1] == 'M' && is_prefix(s, n - 1)) {
    if (!alone) put(out, "(", 1);
    put_ascii(out, s, n - 1);
    put(out, alone ? "mol/L" : "mol/L)", alone ? 5 : 6);
  } else if (n >= 3 && !memcmp(s + n - 3, "Osm", 3) && is_prefix(s, n - 3)) {
    put_ascii(out, s, n - 3);
    put(out, "mol", 3);
  } else {
    put_ascii(out, s, n);
  }
}

/* "1/" or "/" in front: the first factor is inverted instead, which every reader understands. */
static const char *skip_reciprocal(const char *s, PetscBool *inverted)
{
  const char *t = s;

  if (*t == '1') t++;
  while (isspace((unsigned char)*t)) t++;
  *inverted = PETSC_FALSE;
  if (*t != '/') return s;
  for (t++; isspace((unsigned char)*t);) t++;
  *inverted = (PetscBool)(is_letter(*t) || *t == '(');
  return *inverted ? t : s;
}

/* Bytes of the number at s, or 0: the "e" of "1e-3" is no name. */
static size_t number_length(const char *s)
{
  char *end;

  if (!isdigit((unsigned char)*s)) return 0;
  (void)strtod(s, &end);
  return (size_t)(end - s);
}

static void translate(writer *out, const char *s)
{
  PetscBool inverted;
  int depth = 0;

  s = skip_reciprocal(s, &inverted);
  while (*s) {
    const size_t n = name_length(s), n_digit = number_length(s);
    const int is_first = inverted && depth == 0;

    if (n > 0) {
      const char *after = s + n;
      const long power  = read_exponent(&after);

      put_name(out, s, n, (PetscBool)(out->used == 0 && !is_first && !*after && power == 1));
      put_exponent(out, is_first ? -power : power);
      if (is_first) inverted = PETSC_FALSE;
      s = after;
      continue;
    }
    if (n_digit > 0) {
      put(out, s, n_digit);
      s += n_digit;
      continue;
    }
    depth += (*s == '(') - (*s == ')');
    put(out, s, 1);
    if (*s++ == ')' && inverted && depth == 0) {
      put_exponent(out, -read_exponent(&s));
      inverted = PETSC_FALSE;
    }
  }
}

PetscErrorCode ion_units_portable(const char *name, char *text, size_t size)
{
  writer out = {text, size, 0};

  PetscFunctionBegin;
  PetscCheck(size > 0, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ, "no room for the unit '%s'", name);
  text[0] = '\0';
  while (isspace((unsigned char)*name)) name++;
  if (*name)
    translate(&out, name);
  else
    put(&out, "1", 1);
  PetscCheck(out.used < size, PETSC_COMM_SELF, PETSC_ERR_ARG_SIZ,
             "%zu bytes are too few for the unit '%s'", size, name);
  while (out.used > 0 && isspace((unsigned char)text[out.used - 1])) text[--out.used] = '\0';
  PetscFunctionReturn(PETSC_SUCCESS);
}
