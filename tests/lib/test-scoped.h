/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <procstream/procstream.h>

G_BEGIN_DECLS

/* A scope, and a launcher whose children belong to it; reliable, with replay of everything. */
typedef struct
{
  ProcstreamScope    *scope;
  ProcstreamLauncher *launcher;
} TestScope;

TestScope *test_scope_new (void);
/* Nobody else holds the scope. */
void test_scope_free (TestScope *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestScope, test_scope_free)
ProcstreamChild *test_scope_create (TestScope *self, const char *mode);
ProcstreamChild *test_scope_create_missing (TestScope *self);
/* Runs, and has said where it is, if its mode says so. */
ProcstreamChild *test_scope_spawn (TestScope *self, const char *mode);
/* Leaves somebody behind, @left, who does not end by SIGTERM. */
ProcstreamChild *test_scope_spawn_stubborn (TestScope *self, int *left);
void             test_scope_enqueue (TestScope *self, ProcstreamChild *child);
void             test_scope_close (TestScope *self);
void             test_scope_assert_ended_by (ProcstreamChild *child, int signum, ProcstreamCause cause);
void             test_scope_assert_failed (ProcstreamChild *child, int code);
void             test_scope_await_gone (ProcstreamChild *child);
GPtrArray       *test_scope_complete_all (TestScope *self);
/* The default context, as long as there is something to do. */
void test_scope_iterate (void);
/* Once the scope has heard what who waits for a child may have heard before it. */
void test_scope_assert_counts (TestScope *fixture, guint n_running, guint n_queued, guint n_finished);

typedef struct
{
  const char *name;
  void (*run) (void);
} TestScopeCase;

/* Each as a test of that name, after which nothing of it is left: no process, no descriptor. */
int test_scope_run (int argc, char **argv, const TestScopeCase *cases, guint n_cases);

G_END_DECLS
