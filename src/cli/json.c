/* A point as one JSON object. */
#include "cli_impl.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void print_string(const char *text)
{
  putchar('"');
  for (; *text; text++) {
    const unsigned char c = (unsigned char)*text;

    if (c == '"' || c == '\\')
      printf("\\%c", c);
    else if (c < 0x20)
      printf("\\u%04x", c);
    else
      putchar(c);
  }
  putchar('"');
}

static void print_key(const char *key, PetscBool is_first)
{
  printf("%s\n    ", is_first ? "" : ",");
  print_string(key);
  printf(": ");
}

/* JSON has neither NaN nor infinity. */
static void print_number(double value)
{
  if (isfinite(value))
    printf("%.17g", value + 0.0); /* no "-0" */
  else
    printf("null");
}

static void print_values(const cli_solved *solved)
{
  char word[64];

  printf("  \"values\": {");
  for (size_t i = 0; i < ion_study_n_output(solved->study); i++) {
    const ion_output *output = ion_study_output_at(solved->study, i);

    print_key(output->name, (PetscBool)(i == 0));
    if (output->flags)
      print_string(cli_flag_word(output->flags, *ion_row(solved->value, i), word, sizeof word));
    else
      print_number(*ion_row(solved->value, i));
  }
  printf("\n  },\n");
}

static void print_units(const cli_solved *solved)
{
  printf("  \"units\": {");
  for (size_t i = 0; i < ion_study_n_output(solved->study); i++) {
    print_key(ion_study_output_at(solved->study, i)->name, (PetscBool)(i == 0));
    print_string(ion_study_output_at(solved->study, i)->unit);
  }
  printf("\n  },\n");
}

static PetscErrorCode print_parameters(const cli_solved *solved)
{
  size_t n, n_theta;
  const ion_quantity *quantity = ion_study_quantities(solved->study, &n, &n_theta);
  ion_units *units             = NULL;
  double value;

  PetscFunctionBegin;
  PetscCall(ion_units_create(&units));
  printf("  \"parameters\": {");
  for (size_t i = 0; i < n; i++) {
    const double si = i < n_theta ? *ion_row(solved->theta, i) : quantity[i].value;

    PetscCall(cli_from_si(units, quantity[i].unit, si, &value));
    print_key(quantity[i].name, (PetscBool)(i == 0));
    print_number(value);
  }
  printf("\n  }\n}\n");
  PetscCall(ion_units_destroy(&units));
  PetscFunctionReturn(PETSC_SUCCESS);
}

PetscErrorCode cli_print_json(const cli_solved *solved)
{
  PetscFunctionBegin;
  printf("{\n  \"status\": \"%s\",\n", ion_status_name((ion_status)solved->status));
  if (ion_study_model(solved->study)) printf("  \"class\": \"%s\",\n", cli_class_of(solved));
  print_values(solved);
  print_units(solved);
  PetscCall(print_parameters(solved));
  PetscFunctionReturn(PETSC_SUCCESS);
}
