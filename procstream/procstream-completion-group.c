/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-completion-group-private.h"

#include "procstream-cancel-source-private.h"
#include "procstream-io-thread-private.h"
#include "procstream-result-private.h"

/*
 * pending is how many completions are not over, and one more while they are being made; whoever makes it 0 completes over. Each that is
 * not over holds a reference. Everything else is constant once it is made, but for cancel_source, which whoever completes over ends.
 *
 * The cancellable is that of the group, not of each completion: those that wait for room are taken out of the queue before anybody is ended,
 * or the end of one that runs would make room for them.
 */
struct _ProcstreamCompletionGroup
{
  gatomicrefcount    ref_count;
  GPtrArray         *children;    /* of owned ProcstreamChildCore */
  GPtrArray         *completions; /* theirs */
  ProcstreamWaiters *over;
  gint               pending; /* atomic */
  GSource           *cancel_source;
  gboolean           end_on_cancel;
};

static ProcstreamCompletionGroup *
group_ref (ProcstreamCompletionGroup *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
procstream_completion_group_unref (ProcstreamCompletionGroup *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->completions);
  g_ptr_array_unref (self->children);
  procstream_waiters_unref (self->over);
  g_free (self);
}

static void
group_unref_cb (gpointer data)
{
  procstream_completion_group_unref (data);
}

static void
child_unref_cb (gpointer data)
{
  procstream_child_core_unref (data);
}

static void
completion_unref_cb (gpointer data)
{
  procstream_completion_unref (data);
}

static void
take_one_off (ProcstreamCompletionGroup *self)
{
  if (!g_atomic_int_dec_and_test (&self->pending))
    return;
  g_clear_pointer (&self->cancel_source, procstream_cancel_source_end);
  procstream_waiters_complete (self->over, NULL);
}

/* Whatever it comes to, also that it could not be started, is a result. */
static void
over_cb (gpointer      data,
         const GError *error)
{
  take_one_off (data);
}

static GError *
new_cancelled (ProcstreamChildCore *child)
{
  return g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The wait for “%s” was cancelled before it was started",
                      procstream_child_core_get_options (child)->name);
}

/* In the I/O thread. */
static gboolean
cancelled_cb (GCancellable *cancellable,
              gpointer      user_data)
{
  ProcstreamCompletionGroup *self = user_data;

  for (guint i = 0; self->end_on_cancel && i < self->children->len; i++)
    {
      ProcstreamChildCore *child = g_ptr_array_index (self->children, i);
      g_autoptr (GError) error = new_cancelled (child);

      if (procstream_child_core_get_state (child) == PROCSTREAM_CHILD_STATE_QUEUED)
        procstream_child_core_unqueue (child, error);
    }
  for (guint i = 0; i < self->completions->len; i++)
    procstream_completion_cancel (g_ptr_array_index (self->completions, i));
  return G_SOURCE_REMOVE;
}

ProcstreamCompletionGroup *
procstream_completion_group_new (GPtrArray                        *children,
                                 const ProcstreamCompleteSettings *settings,
                                 GCancellable                     *cancellable)
{
  ProcstreamCompletionGroup *self = g_new0 (ProcstreamCompletionGroup, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->children = g_ptr_array_new_with_free_func (child_unref_cb);
  self->completions = g_ptr_array_new_with_free_func (completion_unref_cb);
  self->over = procstream_waiters_new ();
  self->pending = 1;
  self->end_on_cancel = (settings->end_on & PROCSTREAM_END_ON_CANCEL) != 0;
  for (guint i = 0; i < children->len; i++)
    {
      ProcstreamChildCore *child = g_ptr_array_index (children, i);

      g_ptr_array_add (self->children, procstream_child_core_ref (child));
      g_ptr_array_add (self->completions, procstream_completion_new (child, settings, NULL));
    }
  for (guint i = 0; i < self->completions->len; i++)
    {
      g_atomic_int_inc (&self->pending);
      procstream_waiters_add_func (procstream_completion_get_over (g_ptr_array_index (self->completions, i)), over_cb,
                                   group_ref (self), group_unref_cb);
    }
  if (cancellable)
    self->cancel_source = procstream_cancel_source_new (cancellable, procstream_io_thread_get_context (), cancelled_cb,
                                                        group_ref (self), group_unref_cb);
  take_one_off (self);
  return self;
}

ProcstreamWaiters *
procstream_completion_group_get_over (ProcstreamCompletionGroup *self)
{
  return self->over;
}

/* What the wait for it came to, whatever became of it while the others were waited for. */
static ProcstreamResult *
make_result (ProcstreamChildCore  *child,
             ProcstreamCompletion *completion)
{
  const GError *error = procstream_completion_get_error (completion);

  return error ? procstream_result_new_not_started (procstream_child_core_get_options (child)->name, error)
               : procstream_completion_make_result (completion);
}

GPtrArray *
procstream_completion_group_make_results (ProcstreamCompletionGroup *self)
{
  GPtrArray *results = g_ptr_array_new_full (self->children->len, g_object_unref);

  for (guint i = 0; i < self->children->len; i++)
    g_ptr_array_add (results, make_result (g_ptr_array_index (self->children, i), g_ptr_array_index (self->completions, i)));
  return results;
}
