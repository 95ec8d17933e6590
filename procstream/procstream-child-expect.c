/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-child-private.h"

#include "procstream-consumer-private.h"
#include "procstream-emission-private.h"
#include "procstream-error.h"
#include "procstream-line-waiter-private.h"
#include "procstream-match-private.h"
#include "procstream-platform-private.h"
#include "procstream-result.h"

/*
 * Waiting for a line of either output. The line waiter searches; what a child adds is its exit. The link between the two stands among
 * those who wait for the exit, from the attaching until either of the two is over: it holds the inner records of both, never the objects.
 * The waiter's record holds the link in turn, to be able to take it back; taking it back ends that.
 */
typedef struct
{
  gatomicrefcount         ref_count;
  ProcstreamChildCore    *child;
  ProcstreamConsumerCore *waiter;
  ProcstreamLineSeeker   *search; /* of the waiter */
  gint                    id;     /* atomic; 0: not to be taken back yet, or any more */
  gint                    over;   /* atomic */
} ExitLink;

static void
exit_link_unref (gpointer data)
{
  ExitLink *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  procstream_child_core_unref (self->child);
  g_free (self);
}

static void
exited_cb (gpointer      data,
           const GError *error)
{
  ExitLink         *self = data;
  ProcstreamResult *result = procstream_child_core_get_result (self->child);

  procstream_line_seeker_exited (self->search, result ? procstream_result_get_message (result) : NULL);
}

/* Of the reference that those who wait for the exit have. */
static void
exit_link_free (gpointer data)
{
  ExitLink *self = data;

  procstream_consumer_core_unref (self->waiter);
  exit_link_unref (self);
}

static void
take_back (ExitLink *self)
{
  gint id = g_atomic_int_exchange (&self->id, 0);

  if (id)
    procstream_waiters_remove_func (procstream_child_core_get_exited (self->child), id);
}

/* The waiter is over, in whatever thread. */
static void
over_cb (gpointer data)
{
  ExitLink *self = data;

  g_atomic_int_set (&self->over, TRUE);
  take_back (self);
}

static ExitLink *
exit_link_new (ProcstreamChild      *child,
               ProcstreamLineWaiter *waiter)
{
  ExitLink *self = g_new0 (ExitLink, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->child = procstream_child_core_ref (child->core);
  self->waiter = procstream_consumer_get_core (PROCSTREAM_CONSUMER (waiter));
  self->search = procstream_line_waiter_get_search (waiter);
  return self;
}

static void
watch_exit (ExitLink *self)
{
  guint id;

  g_atomic_ref_count_inc (&self->ref_count);
  procstream_consumer_core_ref (self->waiter);
  id = procstream_waiters_add_func (procstream_child_core_get_exited (self->child), exited_cb, self, exit_link_free);
  /* It may have been over before there was anything to take back. */
  g_atomic_int_set (&self->id, id);
  if (g_atomic_int_get (&self->over))
    take_back (self);
}

/**
 * procstream_child_attach_waiter:
 * @self: a child
 * @waiter: a line waiter that was not attached before
 * @error: return location for an error
 *
 * Attaches a line waiter to both outputs. It then searches them in the order in which they were
 * read, and fails at once when the process exits, or both have ended, and everything
 * that the process wrote was searched: what other processes that
 * inherited an output still write does not count.
 *
 * A child that was not started yet may be given one; then nothing is missed.
 *
 * Returns: %TRUE, or %FALSE with the errors of [method@Procstream.Output.attach]
 *
 * Since: 1.0
 */
gboolean
procstream_child_attach_waiter (ProcstreamChild      *self,
                                ProcstreamLineWaiter *waiter,
                                GError              **error)
{
  ProcstreamOutputCore *outputs[2];
  ExitLink             *link;
  gboolean              attached;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), FALSE);
  g_return_val_if_fail (PROCSTREAM_IS_LINE_WAITER (waiter), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!procstream_platform_check_forked ("attach a line waiter", error))
    return FALSE;
  for (guint i = 0; i < 2; i++)
    outputs[i] = procstream_child_core_get_output (self->core, i);
  link = exit_link_new (self, waiter);
  g_atomic_ref_count_inc (&link->ref_count);
  attached = procstream_line_waiter_attach_both (waiter, outputs, procstream_child_get_name (self), over_cb, link, exit_link_unref, error);
  if (attached)
    watch_exit (link);
  else
    exit_link_unref (link);
  exit_link_unref (link); /* NOLINT(clang-analyzer-unix.Malloc): it was made with one, and got one more */
  return attached;
}

/* --- One pattern -------------------------------------------------------------------------------------------------------------- */

static ProcstreamLineWaiter *
make_waiter (ProcstreamChild     *self,
             const char          *pattern,
             ProcstreamMatchFlags flags,
             gint64               timeout_ms,
             GError             **error)
{
  g_autoptr (ProcstreamLineWaiter) waiter = procstream_line_waiter_new ();

  procstream_line_waiter_set_timeout_ms (waiter, timeout_ms);
  if (!procstream_line_waiter_add_pattern (waiter, pattern, flags, error) ||
      !procstream_child_attach_waiter (self, waiter, error))
    return NULL;
  return g_steal_pointer (&waiter);
}

/**
 * procstream_child_expect:
 * @self: a child
 * @pattern: text, or with %PROCSTREAM_MATCH_REGEX a regular expression
 * @flags: how it is to be looked for
 * @timeout_ms: how long to wait at most, in milliseconds, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the waiting
 * @error: return location for an error
 *
 * Blocks until a line of either output matches. What replay kept is searched first, from its
 * beginning, or with %PROCSTREAM_MATCH_NEXT from the end of the match before: for each
 * output, the place that is furthest on of all matches that calls of this function and
 * [method@Procstream.Child.expect_async], and line waiters with that flag, have given. So a
 * dialogue goes on where it was, and nothing is found twice. What comes after a match on one output says nothing of
 * the other. A call that fails, for whatever reason, leaves the places where they were. Two
 * that wait at the same time begin at the same place, and may find the same.
 *
 * For several patterns at once, for functions that decide, and for one output alone
 * there is [class@Procstream.LineWaiter], which also says how this fails.
 *
 * It waits as [method@Procstream.Child.wait] does. Of a child that was not started yet,
 * somebody else must see to the start: a handler in the thread of the
 * child, or another thread.
 *
 * Returns: (transfer full): the match, or %NULL with
 *   %PROCSTREAM_CHILD_ERROR_NO_MATCH when the process exited, or its outputs ended,
 *   without one, or with the errors of [method@Procstream.LineWaiter.wait_match] and
 *   [method@Procstream.LineWaiter.add_pattern]
 *
 * Since: 1.0
 */
ProcstreamMatch *
procstream_child_expect (ProcstreamChild     *self,
                         const char          *pattern,
                         ProcstreamMatchFlags flags,
                         gint64               timeout_ms,
                         GCancellable        *cancellable,
                         GError             **error)
{
  g_autoptr (ProcstreamLineWaiter) waiter = NULL;
  ProcstreamMatch *match;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);
  g_return_val_if_fail (pattern != NULL, NULL);
  g_return_val_if_fail (timeout_ms >= -1, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!procstream_platform_check_forked ("expect a line", error) || g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  if (procstream_emission_is_under_way (self->core))
    {
      g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_WOULD_DEADLOCK,
                   "A line of “%s” cannot be waited for in a handler or consumer of one of its outputs", procstream_child_get_name (self));
      return NULL;
    }
  waiter = make_waiter (self, pattern, flags, -1, error);
  if (waiter == NULL)
    return NULL;
  procstream_child_release_opening_for_blocking (self);
  match = procstream_line_waiter_wait_match (waiter, timeout_ms, cancellable, error);
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (waiter));
  if (match)
    procstream_match_move_place (match);
  return match;
}

static void
matched_cb (GObject      *object,
            GAsyncResult *result,
            gpointer      user_data)
{
  g_autoptr (GTask) task = user_data;
  ProcstreamLineWaiter *waiter = PROCSTREAM_LINE_WAITER (object);
  GError               *error = NULL;
  ProcstreamMatch      *match = procstream_line_waiter_peek_match_finish (waiter, result, &error);

  /* A wait that was cancelled leaves it attached. */
  procstream_consumer_cancel (PROCSTREAM_CONSUMER (waiter));
  if (match)
    g_task_return_pointer (task, match, g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * procstream_child_expect_async:
 * @self: a child
 * @pattern: text, or with %PROCSTREAM_MATCH_REGEX a regular expression
 * @flags: how it is to be looked for
 * @timeout_ms: how long to wait at most, in milliseconds from now on, or
 *   %PROCSTREAM_NO_TIMEOUT
 * @cancellable: (nullable): stops the waiting
 * @callback: (nullable): called when a line matched, or none will
 * @user_data: data for @callback
 *
 * Waits for a line of either output, as [method@Procstream.Child.expect] does. The child
 * may be one that was not started yet: nothing is missed then.
 *
 * Since: 1.0
 */
void
procstream_child_expect_async (ProcstreamChild     *self,
                               const char          *pattern,
                               ProcstreamMatchFlags flags,
                               gint64               timeout_ms,
                               GCancellable        *cancellable,
                               GAsyncReadyCallback  callback,
                               gpointer             user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autoptr (ProcstreamLineWaiter) waiter = NULL;
  GError *error = NULL;

  g_return_if_fail (procstream_child_is_of_launcher_and_not_disposed (self));
  g_return_if_fail (pattern != NULL);
  g_return_if_fail (timeout_ms >= -1);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_child_expect_async);
  waiter = make_waiter (self, pattern, flags, timeout_ms, &error);
  if (waiter == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  procstream_line_waiter_wait_match_async (waiter, cancellable, matched_cb, g_steal_pointer (&task));
}

/**
 * procstream_child_expect_finish:
 * @self: a child
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Child.expect_async].
 *
 * Returns: (transfer full): the match, or %NULL with the errors of
 *   [method@Procstream.Child.expect]
 *
 * Since: 1.0
 */
ProcstreamMatch *
procstream_child_expect_finish (ProcstreamChild *self,
                                GAsyncResult    *result,
                                GError         **error)
{
  ProcstreamMatch *match;

  g_return_val_if_fail (procstream_child_is_of_launcher_and_not_disposed (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_child_expect_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  match = g_task_propagate_pointer (G_TASK (result), error);
  if (match)
    procstream_match_move_place (match);
  return match;
}
