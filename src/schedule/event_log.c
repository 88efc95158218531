/* The log of a run: what differs between two runs of one study, kept out of its result file. */
#include "dispatch_impl.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void ion_log_time(char *text, size_t size)
{
  const time_t now = time(NULL);
  struct tm utc;

  if (!gmtime_r(&now, &utc) || !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc)) text[0] = '\0';
}

/* One write a line, so that a kill leaves whole lines. */
void ion_log_event(const char *path, const char *format, ...)
{
  char line[ION_MESSAGE + 128];
  size_t n;
  va_list arguments;
  int fd;

  if (!path) return;
  fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd < 0) return;
  ion_log_time(line, sizeof line);
  n         = strlen(line);
  line[n++] = ' ';
  va_start(arguments, format);
  (void)vsnprintf(line + n, sizeof line - n - 1, format, arguments);
  va_end(arguments);
  n         = strlen(line);
  line[n++] = '\n';
  if (write(fd, line, n) < 0) fprintf(stderr, "warning: cannot write %s\n", path);
  (void)close(fd);
}
