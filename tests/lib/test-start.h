/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-spawn-private.h"

G_BEGIN_DECLS

/* One request to start a process, from here to the end of the process. */
typedef struct
{
  ProcstreamSpawnRequest *request;
  int                     read_fd; /* what the child writes to 1, -1: not made */

  GMutex            mutex;
  GCond             cond;
  int               answers;
  gboolean          in_io_thread;
  ProcstreamSpawned spawned;
  GError           *error;

  char *output;
} TestStart;

/* There everything takes long, and a copy of the program whose execve() fails dies of it. */
gboolean test_on_valgrind (void);
/* The helper alone: to start takes long. */
gboolean    test_on_emulator (void);
const char *test_child_program (void);
TestStart  *test_start_new (const char *const *argv);
void        test_start_give_null (TestStart *self, int target);
int         test_start_give_pipe (TestStart *self, int target);
/* The test's child in a mode, with nothing but its standard descriptors. */
TestStart *test_start_new_mode (const char *mode, ...);
TestStart *test_start_new_program (const char *program);
void       test_start_begin (TestStart *self);
void       test_start_await_answer (TestStart *self);
char      *test_read_all (int fd);
/* Its output, once it has run. */
const char *test_start_to_end (TestStart *self);
void        test_start_free (TestStart *self);
/* It fails so, with @part in the message; nothing of it is left. */
void test_start_to_error (TestStart *self, GQuark domain, int code, const char *part);
/* Of this process, once GLib's worker has closed its own pidfds, which it does some time after it told of an exit. */
guint test_count_settled_fds (void);
char *test_make_script (const char *directory, const char *name, const char *text, int mode);
char *test_make_directory (void);
void  test_remove_directory (char *directory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestStart, test_start_free)

G_END_DECLS
