/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-write-target-private.h"

#include "procstream-emission-private.h"

/*
 * A native target is written to in a worker, with calls that block. A foreign one, a stream whose class is not GIO's own, is written
 * to in the captured context alone: with the asynchronous functions that its class has, and, in place of those that it leaves out
 * and for which GIO would run the others in a thread, with calls that block.
 *
 * While pending is TRUE an operation is under way, and with it a reference to the owner; nothing else is called. Its callback, in the
 * same context, leaves the outcome, sets arrived and wakes the owner, whose next call of perform() is given it. All of this happens in
 * one thread.
 *
 * While calling is TRUE a function of the user's is on the stack, which may iterate the context, and what is dispatched there may be the
 * owner, or the callback of the operation that the function is just beginning. So the owner does nothing while it is set (see
 * procstream_write_target_is_busy()), and whether an operation takes its time is known only when the function has returned.
 */

static void
arrive (ProcstreamWriteTarget *self,
        gboolean               done,
        gsize                  written,
        GError                *error)
{
  self->outcome = (ProcstreamWriteOutcome){ done, written, error };
  self->arrived = TRUE;
  self->pending = FALSE;
  self->wake (self->owner);
  self->unref (self->owner);
}

static void
write_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  GError *error = NULL;
  gssize  written = g_output_stream_write_finish (G_OUTPUT_STREAM (object), result, &error);

  if (written == 0)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_FAILED, "The stream took nothing");
  arrive (user_data, written > 0, MAX (written, 0), error);
}

static void
flush_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  GError  *error = NULL;
  gboolean done = g_output_stream_flush_finish (G_OUTPUT_STREAM (object), result, &error);

  arrive (user_data, done, 0, error);
}

static void
close_cb (GObject      *object,
          GAsyncResult *result,
          gpointer      user_data)
{
  GError  *error = NULL;
  gboolean done = g_output_stream_close_finish (G_OUTPUT_STREAM (object), result, &error);

  arrive (user_data, done, 0, error);
}

/* Of those that the class leaves out GIO would make ones that run the others in a thread. */
static gboolean
has_own_async (GOutputStream           *stream,
               ProcstreamWriteOperation operation)
{
  GOutputStreamClass *klass = G_OUTPUT_STREAM_GET_CLASS (stream);
  GOutputStreamClass *base = g_type_class_peek (G_TYPE_OUTPUT_STREAM);

  switch (operation)
    {
    case PROCSTREAM_WRITE_OPERATION_WRITE:
      return klass->write_async != base->write_async ||
             (G_IS_POLLABLE_OUTPUT_STREAM (stream) && g_pollable_output_stream_can_poll (G_POLLABLE_OUTPUT_STREAM (stream)));
    case PROCSTREAM_WRITE_OPERATION_FLUSH:
      return klass->flush_async != base->flush_async;
    default:
      return klass->close_async != base->close_async;
    }
}

static void
begin_async (ProcstreamWriteTarget   *self,
             ProcstreamWriteOperation operation,
             GOutputVector           *vectors)
{
  GOutputStream *stream = self->stream;

  self->pending = TRUE;
  self->ref (self->owner);
  if (operation == PROCSTREAM_WRITE_OPERATION_WRITE)
    g_output_stream_write_async (stream, vectors[0].buffer, vectors[0].size, G_PRIORITY_DEFAULT, self->cancellable, write_cb, self);
  else if (operation == PROCSTREAM_WRITE_OPERATION_FLUSH)
    g_output_stream_flush_async (stream, G_PRIORITY_DEFAULT, self->cancellable, flush_cb, self);
  else
    g_output_stream_close_async (stream, G_PRIORITY_DEFAULT, NULL, close_cb, self);
}

static void
perform_now (ProcstreamWriteTarget   *self,
             ProcstreamWriteOperation operation,
             GOutputVector           *vectors,
             guint                    n_vectors,
             ProcstreamWriteOutcome  *outcome)
{
  const ProcstreamSinkClass *klass = self->sink->klass;

  *outcome = (ProcstreamWriteOutcome){ 0 };
  if (operation == PROCSTREAM_WRITE_OPERATION_WRITE)
    outcome->done = klass->writev (self->sink, vectors, n_vectors, &outcome->written, self->cancellable, &outcome->error);
  else if (operation == PROCSTREAM_WRITE_OPERATION_FLUSH)
    outcome->done = klass->flush (self->sink, self->cancellable, &outcome->error);
  else
    outcome->done = klass->close (self->sink, &outcome->error);
}

/* Code of the user runs where its author expects it, and knows that this is so. */
static void
perform_in_context (ProcstreamWriteTarget   *self,
                    ProcstreamWriteOperation operation,
                    GOutputVector           *vectors,
                    guint                    n_vectors,
                    ProcstreamWriteOutcome  *outcome)
{
  ProcstreamEmission emission;

  g_main_context_push_thread_default (self->context);
  procstream_emission_begin (&emission, self->family);
  self->calling = TRUE;
  if (has_own_async (self->stream, operation) && (operation != PROCSTREAM_WRITE_OPERATION_CLOSE || self->close_stream))
    begin_async (self, operation, vectors);
  else
    perform_now (self, operation, vectors, n_vectors, outcome);
  self->calling = FALSE;
  procstream_emission_end (&emission);
  g_main_context_pop_thread_default (self->context);
}

static void
take_outcome (ProcstreamWriteTarget  *self,
              ProcstreamWriteOutcome *outcome)
{
  *outcome = self->outcome;
  self->outcome = (ProcstreamWriteOutcome){ 0 };
  self->arrived = FALSE;
}

gboolean
procstream_write_target_is_busy (ProcstreamWriteTarget *self)
{
  return self->pending || self->calling;
}

gboolean
procstream_write_target_perform (ProcstreamWriteTarget   *self,
                                 ProcstreamWriteOperation operation,
                                 GOutputVector           *vectors,
                                 guint                    n_vectors,
                                 ProcstreamWriteOutcome  *outcome)
{
  g_assert (!procstream_write_target_is_busy (self));
  if (self->arrived)
    {
      take_outcome (self, outcome);
      return TRUE;
    }
  if (!self->foreign)
    perform_now (self, operation, vectors, n_vectors, outcome);
  else
    perform_in_context (self, operation, vectors, n_vectors, outcome);
  /* It was over before the call that began it returned. */
  if (self->arrived)
    take_outcome (self, outcome);
  return !self->pending;
}

void
procstream_write_target_forget (ProcstreamWriteTarget *self)
{
  self->arrived = FALSE;
  g_clear_error (&self->outcome.error);
}

void
procstream_write_target_init (ProcstreamWriteTarget *self,
                              gpointer               owner,
                              void (*wake) (gpointer),
                              gpointer (*ref) (gpointer),
                              void (*unref) (gpointer),
                              GMainContext *context)
{
  *self = (ProcstreamWriteTarget){ .owner = owner, .wake = wake, .ref = ref, .unref = unref };
  self->context = g_main_context_ref (context);
  self->cancellable = g_cancellable_new ();
}

void
procstream_write_target_set_stream (ProcstreamWriteTarget *self,
                                    GOutputStream         *stream,
                                    gboolean               close_stream)
{
  self->stream = g_object_ref (stream);
  self->close_stream = close_stream;
  self->foreign = !procstream_output_stream_is_native (stream);
}

void
procstream_write_target_drop (ProcstreamWriteTarget *self)
{
  if (self->sink)
    self->sink->klass->free (g_steal_pointer (&self->sink));
  g_clear_object (&self->stream);
}

void
procstream_write_target_clear (ProcstreamWriteTarget *self)
{
  g_assert (!self->pending);
  procstream_write_target_drop (self);
  procstream_write_target_forget (self);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->context, g_main_context_unref);
}
