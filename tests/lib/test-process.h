/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* A child and what its signals, and those of its outputs, said. */
typedef struct
{
  ProcstreamLauncher *launcher;
  ProcstreamChild    *child;

  GString *out;
  GString *err;
  GString *order; /* a letter per emission: o e (chunks), O E (ends), x (exited), C (completed) */
  GThread *thread;
  gboolean is_missing; /* there is no such program, and so the outputs end with that error */
  gboolean exited;
  gboolean completed;
  int      n_wrong_thread;
} TestProcess;

/* Reliable, without replay. */
TestProcess *test_process_new (void);
void         test_process_free (TestProcess *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestProcess, test_process_free)

/* The test's child in a mode, with its arguments: words with a space between them. */
void   test_process_create_mode (TestProcess *self,
                                 const char  *mode);
void   test_process_spawn_mode (TestProcess *self,
                                const char  *mode);
char **test_child_argv (const char *mode);

/* Where the shell, or more than one program, is the point. */
void test_process_create (TestProcess *self,
                          const char  *script);
void test_process_spawn (TestProcess *self,
                         const char  *script);
void test_process_start (TestProcess *self);
void test_process_listen (TestProcess *self);
void test_process_run_to_completed (TestProcess *self);
void test_process_run_to_exited (TestProcess *self);
/* Without iterating any context. */
void test_process_await_state (TestProcess         *self,
                               ProcstreamChildState state);
void test_process_await_received (TestProcess *self,
                                  guint64      n);
/* Runs until stdout has that many bytes. */
void test_process_run_until_out (TestProcess *self,
                                 gsize        n);
void test_process_write (TestProcess *self,
                         const char  *text);

const char *const *test_shell_argv (const char *script);

guint test_count_fds (void);
/* No more than that, once other threads have closed what they are about to close. */
void test_assert_fds (guint most);
/* Of this process, zombies among them: their numbers. */
GArray *test_list_children (void);
guint   test_count_children (void);
void    test_await_gone (int pid);

G_END_DECLS
