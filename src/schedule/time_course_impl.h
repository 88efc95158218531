/* What the files of `solve: time_course` share. */
#ifndef ION_TIME_COURSE_IMPL_H
#define ION_TIME_COURSE_IMPL_H

#include "study_impl.h"

/* Where the value of an output comes from. */
typedef enum {
  COURSE_EVENT, /* time of event `from` */
  COURSE_LARGEST,
  COURSE_SMALLEST,
  COURSE_LAST, /* observed quantity `from` */
  COURSE_RECOVERED
} course_source;

typedef struct {
  ion_output about; /* owns its name and long_name */
  char *name, *long_name;
  course_source source;
  size_t from;
} course_output;

typedef struct {
  ion_change *change;
  int **row; /* [n_change] */
  double **value;
  ion_event *event;
  const char **event_name;
  size_t n_change, n_event;
  int ends_with;
  PetscBool from_steady; /* starts at the steady state of the parameters at time 0 */
  double until, tolerance;

  ion_outputs *all; /* every output there is */
  size_t *observed; /* [n_observed] of `all` */
  size_t n_observed;
  ion_outputs *watched; /* the observed ones alone */
  ion_spec *watched_text;
  course_output *output;
  size_t n_output;
  PetscBool wants_recovery;

  PetscBool is_ready;
  ion_course *course;
  ion_solver *solver;   /* of the steady states at time 0 or at the end, where either is wanted */
  ion_outputs *verdict; /* class, whether the bounds hold: row class_row */
  size_t class_row;
  ion_spec *verdict_text;
  ion_work work;
  ion_block event_time, largest, smallest, last, x, x_steady, theta, class_;
  unsigned char *reached, *direct, *solved, *started;
} course_task;

/* time_course_read.c: the section, but for its outputs; study->state is a course_task */
PetscErrorCode ion_course_read(ion_study *study);
PetscErrorCode ion_course_canonical(const ion_study *study, char **text);

/* Place among the observed quantities of output i of `all`, added where it is not there yet. */
size_t ion_course_observe(course_task *t, size_t i);

/* Output of `all` that a time course can watch, or -1. */
ptrdiff_t ion_course_find(const course_task *t, const char *name);

/* task_time_course.c: what is asked of the solver, and a course from rest or from the steady state */
ion_protocol ion_course_protocol(const course_task *t);
PetscErrorCode ion_course_follow(course_task *t, ion_course *course, ion_block theta,
                                 const ion_course_result *result);

/* time_course_outputs.c */
PetscErrorCode ion_course_choose_outputs(ion_study *study, const ion_node *selection);

/* Raise "unknown WHAT 'WORD'" with the nearest of what can be watched. */
PetscErrorCode ion_course_refuse(const course_task *t, const ion_node *node, const char *what,
                                 const char *word);

#endif
