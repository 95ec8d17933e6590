/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "test-process.h"

G_BEGIN_DECLS

/* A child with a guard, and processes below it. */

/* Who left the group, who left its parent, who ignores that it is asked, and the child itself. */
#define TEST_TREE                                             \
  "setsid sh -c 'trap \"\" TERM; sleep 1000 & sleep 1000' & " \
  "(setsid sh -c 'sleep 1000' & sleep 1000 &) ; "             \
  "trap '' TERM; echo ready >&2; sleep 1000"

/* FALSE, with the test skipped: this helper was built to find nobody but the child and its group. */
gboolean test_tree_can_find_strays (void);

TestProcess *test_tree_new (void);
/* A script, begun. */
void test_tree_begin (TestProcess *self,
                      const char  *script);
/* Until that many lines have come on the standard error, which the outputs' end does not depend on. */
void test_tree_await_lines (TestProcess *self,
                            guint        n);

/* What /proc says of a process; 0: there is none. */
int  test_tree_get_parent (int pid);
char test_tree_get_state (int pid);
void test_tree_await_state (int  pid,
                            char state);
int  test_tree_get_guard (TestProcess *self);

/* Runs a test of this program in a process of its own until nobody has its standard output open; its status as of waitpid(). */
int test_tree_run_program (const char *test);
/* The same in a namespace of processes of its own, where /proc shows that of this program. It is not the first process there, whose
 * end would be that of all others. -1, with the test skipped: that cannot be had here. */
int test_tree_run_in_namespace (const char *test);

G_END_DECLS
