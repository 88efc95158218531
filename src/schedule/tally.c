/* What was met at points, counted. */
#include "study_impl.h"

#include <string.h>

size_t ion_tally_words(const ion_output *output)
{
  return strcmp(output->name, "class") == 0 ? 0 : ion_word_count(output->flags);
}

/* Of a point without a state the first word only says that nothing was found. */
static void tally_words(const ion_study *study, ion_block data, const unsigned char *status,
                        size_t n, ion_tally *tally)
{
  size_t place = 0;

  for (size_t i = 0; i < study->n_output; i++) {
    const size_t n_word = ion_tally_words(study->output[i]);

    if (place + n_word > ION_TALLY_WORDS) return;
    for (size_t p = 0; n_word && p < n; p++) {
      const double word      = ion_row(data, i)[p];
      const PetscBool counts = (PetscBool)(status[p] == ION_OK ? word >= 0.0 : word > 0.0);

      if (counts && word < (double)n_word) tally->word_count[place + (size_t)word]++;
    }
    place += n_word;
  }
}

size_t ion_study_class_row(const ion_study *study)
{
  size_t i = 0;

  while (i < study->n_output && strcmp(study->output[i]->name, "class") != 0) i++;
  return i;
}

void ion_study_tally(const ion_study *study, ion_block data, const unsigned char *status, size_t n,
                     ion_tally *tally)
{
  const size_t class_row = ion_study_class_row(study);

  tally->n_point += n;
  for (size_t p = 0; p < n; p++) {
    if (status[p] < ION_N_STATUS) tally->status[status[p]]++;
  }
  tally_words(study, data, status, n, tally);
  if (class_row == study->n_output) return;
  for (size_t p = 0; p < n; p++) {
    const double c = ion_row(data, class_row)[p];

    if (c >= 0.0 && c < (double)ION_N_CLASS) tally->class_count[(size_t)c]++;
  }
}
