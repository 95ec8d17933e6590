/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who waits for several children, and has them ended when that is cancelled, has all of them ended: gently, or at once when they are killed
 * meanwhile. */

#include <procstream/procstream.h>

#include "test-clean.h"
#include "test-process.h"
#include "test-utils.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

/* Long enough that a phase never ends by its time; such a time is never waited for. */
#define NEVER_MS 600000

#define N_CHILDREN 3

/* They say when they are there, and when they are asked to end; the second one goes on nevertheless. */
#define OBEDIENT "trap 'printf a >&9; exit 7' TERM; printf r >&9; while :; do sleep 0.05; done 2>/dev/null"
#define STUBBORN "trap 'printf a >&9' TERM; printf r >&9; while :; do sleep 0.05; done 2>/dev/null"

/* --- Who waits for them ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  gpointer            owner; /* a scope or a pipeline */
  ProcstreamLauncher *launcher;
} Group;

typedef struct
{
  gpointer (*new_owner) (void);
  void (*start) (Group *group, const char *const *argv);
  GPtrArray *(*dup_children) (gpointer owner);
  GPtrArray *(*complete) (gpointer owner, ProcstreamCompleteOptions *options, GCancellable *cancellable, GError **error);
  void (*complete_async) (gpointer owner, ProcstreamCompleteOptions *options, GCancellable *cancellable, GAsyncResult **result);
  GPtrArray *(*complete_finish) (gpointer owner, GAsyncResult *result, GError **error);
} GroupKind;

static gpointer
scope_new (void)
{
  return procstream_scope_new ();
}

static void
scope_start (Group             *group,
             const char *const *argv)
{
  procstream_launcher_set_scope (group->launcher, group->owner);
  for (guint i = 0; i < N_CHILDREN; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (ProcstreamChild) child = procstream_launcher_spawnv (group->launcher, argv, &error);

      g_assert_no_error (error);
    }
}

static GPtrArray *
scope_dup_children (gpointer owner)
{
  return procstream_scope_dup_children (owner);
}

static GPtrArray *
scope_complete (gpointer                   owner,
                ProcstreamCompleteOptions *options,
                GCancellable              *cancellable,
                GError                   **error)
{
  return procstream_scope_complete_all (owner, options, cancellable, error);
}

static void
scope_complete_async (gpointer                   owner,
                      ProcstreamCompleteOptions *options,
                      GCancellable              *cancellable,
                      GAsyncResult             **result)
{
  procstream_scope_complete_all_async (owner, options, cancellable, test_store_result_cb, result);
}

static GPtrArray *
scope_complete_finish (gpointer      owner,
                       GAsyncResult *result,
                       GError      **error)
{
  return procstream_scope_complete_all_finish (owner, result, error);
}

static const GroupKind scope = { scope_new, scope_start, scope_dup_children, scope_complete, scope_complete_async, scope_complete_finish };

static gpointer
pipeline_new (void)
{
  return procstream_pipeline_new ();
}

static void
pipeline_start (Group             *group,
                const char *const *argv)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_CHILDREN; i++)
    {
      procstream_pipeline_append (group->owner, group->launcher, argv, &error);
      g_assert_no_error (error);
    }
  procstream_pipeline_start (group->owner, &error);
  g_assert_no_error (error);
}

static GPtrArray *
pipeline_dup_children (gpointer owner)
{
  GPtrArray *children = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < procstream_pipeline_get_n_stages (owner); i++)
    g_ptr_array_add (children, g_object_ref (procstream_pipeline_get_stage (owner, i)));
  return children;
}

static GPtrArray *
take_stages (ProcstreamPipelineResult *whole)
{
  GPtrArray *results;

  if (whole == NULL)
    return NULL;
  results = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < procstream_pipeline_result_get_n_stages (whole); i++)
    g_ptr_array_add (results, g_object_ref (procstream_pipeline_result_get_stage (whole, i)));
  g_object_unref (whole);
  return results;
}

static GPtrArray *
pipeline_complete (gpointer                   owner,
                   ProcstreamCompleteOptions *options,
                   GCancellable              *cancellable,
                   GError                   **error)
{
  return take_stages (procstream_pipeline_complete (owner, options, cancellable, error));
}

static void
pipeline_complete_async (gpointer                   owner,
                         ProcstreamCompleteOptions *options,
                         GCancellable              *cancellable,
                         GAsyncResult             **result)
{
  procstream_pipeline_complete_async (owner, options, cancellable, test_store_result_cb, result);
}

static GPtrArray *
pipeline_complete_finish (gpointer      owner,
                          GAsyncResult *result,
                          GError      **error)
{
  return take_stages (procstream_pipeline_complete_finish (owner, result, error));
}

static const GroupKind pipeline = { pipeline_new, pipeline_start, pipeline_dup_children,
                                    pipeline_complete, pipeline_complete_async, pipeline_complete_finish };

/* --- How they end ------------------------------------------------------------------------------------------------------------- */

typedef struct
{
  const char      *name;
  const GroupKind *kind;
  gboolean         async;
  gboolean         stubborn;
} Case;

typedef struct
{
  const Case                *what;
  Group                      group;
  int                        told; /* what the children say */
  ProcstreamCompleteOptions *options;
  GCancellable              *cancellable;
} Fixture;

static void
begin (Fixture    *self,
       const Case *what)
{
  g_autoptr (ProcstreamShutdown) slow = procstream_shutdown_new_terminate (NEVER_MS);
  int fds[2];

  self->what = what;
  g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
  self->told = fds[0];
  self->group.launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  procstream_launcher_take_fd (self->group.launcher, fds[1], 9);
  procstream_launcher_set_shutdown (self->group.launcher, slow);
  self->options = procstream_complete_options_new ();
  procstream_complete_options_set_end_on (self->options, PROCSTREAM_END_ON_CANCEL);
  self->cancellable = g_cancellable_new ();
  self->group.owner = what->kind->new_owner ();
  what->kind->start (&self->group, test_shell_argv (what->stubborn ? STUBBORN : OBEDIENT));
}

static void
end (Fixture *self)
{
  g_object_unref (self->group.launcher);
  g_object_unref (self->group.owner);
  g_object_unref (self->options);
  g_object_unref (self->cancellable);
  close (self->told);
}

/* Until each child has said it. */
static void
await_all (Fixture *self,
           char     word)
{
  for (guint i = 0; i < N_CHILDREN; i++)
    {
      char said = 0;

      g_assert_cmpint (read (self->told, &said, 1), ==, 1);
      g_assert_cmpint (said, ==, word);
    }
}

static void
cancel (gpointer data)
{
  Fixture *self = data;
  g_autoptr (GPtrArray) children = NULL;

  g_cancellable_cancel (self->cancellable);
  await_all (self, 'a');
  if (!self->what->stubborn)
    return;
  children = self->what->kind->dup_children (self->group.owner);
  g_assert_cmpuint (children->len, ==, N_CHILDREN);
  for (guint i = 0; i < children->len; i++)
    {
      g_assert_cmpint (procstream_child_get_state (children->pdata[i]), ==, PROCSTREAM_CHILD_STATE_TERMINATING);
      g_assert_true (procstream_child_kill (children->pdata[i], NULL));
    }
}

static GPtrArray *
complete (Fixture *self)
{
  const GroupKind *kind = self->what->kind;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GPtrArray *results;

  if (self->what->async)
    {
      kind->complete_async (self->group.owner, self->options, self->cancellable, &result);
      cancel (self);
      test_wait_result (NULL, "the children to end", &result);
      results = kind->complete_finish (self->group.owner, result, &error);
    }
  else
    {
      TestInterruption *interruption = test_interrupt (cancel, self);

      results = kind->complete (self->group.owner, self->options, self->cancellable, &error);
      test_interruption_end (interruption);
    }
  g_assert_no_error (error);
  return results;
}

static void
test_cancelled (gconstpointer data)
{
  const Case *what = data;
  Fixture     fixture;
  g_autoptr (GPtrArray) results = NULL;

  begin (&fixture, what);
  await_all (&fixture, 'r');
  results = complete (&fixture);
  g_assert_cmpuint (results->len, ==, N_CHILDREN);
  for (guint i = 0; i < results->len; i++)
    {
      ProcstreamResult *result = results->pdata[i];

      g_assert_false (procstream_result_get_running (result));
      g_assert_cmpint (procstream_result_get_cause (result), ==, PROCSTREAM_CAUSE_CANCELLED);
      g_assert_cmpint (procstream_result_get_exit_code (result), ==, what->stubborn ? -1 : 7);
      g_assert_cmpint (procstream_result_get_term_signal (result), ==, what->stubborn ? SIGKILL : 0);
    }
  end (&fixture);
}

static const Case cases[] = {
  { "scope", &scope, FALSE, FALSE },
  { "scope-async", &scope, TRUE, FALSE },
  { "scope-killed", &scope, FALSE, TRUE },
  { "scope-killed-async", &scope, TRUE, TRUE },
  { "pipeline", &pipeline, FALSE, FALSE },
  { "pipeline-async", &pipeline, TRUE, FALSE },
  { "pipeline-killed", &pipeline, FALSE, TRUE },
  { "pipeline-killed-async", &pipeline, TRUE, TRUE },
};

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/end-on-cancel/%s", cases[i].name);

      test_add_data_func (path, &cases[i], test_cancelled);
    }
  return g_test_run ();
}
