/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-source-private.h"

#include "procstream-read-size-private.h"
#include "procstream-slab-pool-private.h"
#include "procstream-worker-private.h"

#include <errno.h>
#include <unistd.h>

/*
 * What cannot be polled is read by a worker, which may block for as long as it likes. It hands each chunk to the thread that
 * reads for the output, the only one that may feed it, and goes on when that has taken it.
 *
 * Whenever mutex is free: what was read and not yet fed is in (chunk, error, at_end), and the worker waits while there is
 * anything there, or while reading is FALSE. closed is final; the worker then ends after the read it is in. It holds a reference of
 * its own, so a read that never returns keeps this record and the thread, and nothing else, alive.
 */
typedef struct
{
  ProcstreamSource      parent;
  gatomicrefcount       ref_count;
  ProcstreamOutputCore *core;
  GInputStream         *stream; /* or: */
  int                   fd;
  GCancellable         *cancellable;
  ProcstreamReadSize    read_size; /* the worker's */

  GMutex           mutex;
  GCond            cond;
  gboolean         reading;
  gboolean         started;
  gboolean         closed;
  ProcstreamChunk *chunk;
  GError          *error;
  gboolean         at_end;
} WorkerSource;

static WorkerSource *
worker_source_ref (WorkerSource *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
worker_source_unref (WorkerSource *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_clear_object (&self->stream);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->chunk, procstream_chunk_unref);
  g_clear_error (&self->error);
  procstream_output_core_unref (self->core);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->cond);
  g_free (self);
}

/* Runs where the output is read. */
static void
hand_over (gpointer data)
{
  WorkerSource    *self = data;
  ProcstreamChunk *chunk;
  GError          *error;
  gboolean         at_end;

  g_mutex_lock (&self->mutex);
  chunk = g_steal_pointer (&self->chunk);
  error = g_steal_pointer (&self->error);
  at_end = self->at_end;
  g_mutex_unlock (&self->mutex);

  if (chunk)
    procstream_output_core_feed (self->core, chunk);
  if (at_end)
    procstream_output_core_feed_end (self->core, error);

  g_mutex_lock (&self->mutex);
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
}

static gssize
read_blocking (WorkerSource *self,
               gpointer      buffer,
               gsize         size,
               GError      **error)
{
  gssize n;

  if (self->stream)
    return g_input_stream_read (self->stream, buffer, size, self->cancellable, error);
  do
    n = read (self->fd, buffer, size);
  while (n < 0 && errno == EINTR);
  if (n < 0)
    {
      int errsv = errno;

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "%s", g_strerror (errsv));
    }
  return n;
}

/* FALSE: that was the end. */
static gboolean
read_chunk (WorkerSource *self)
{
  gsize           size = self->read_size.expected;
  ProcstreamSlab *slab = procstream_slab_new (size);
  GError         *error = NULL;
  gssize          n = read_blocking (self, slab->data, size, &error);

  g_prefix_error (&error, "Could not read from “%s”: ", procstream_output_core_get_name (self->core));
  if (n > 0)
    procstream_read_size_learn (&self->read_size, size, n);
  g_mutex_lock (&self->mutex);
  if (n > 0)
    self->chunk = procstream_chunk_new (slab, 0, n, procstream_chunk_stamp ());
  self->error = error;
  self->at_end = n <= 0;
  g_mutex_unlock (&self->mutex);
  procstream_slab_unref (slab);
  procstream_output_core_invoke_data (self->core, hand_over, worker_source_ref (self), (GDestroyNotify) worker_source_unref);
  return n > 0;
}

/* Waits until it may read; FALSE when there is nothing to read for any more. */
static gboolean
wait_for_turn (WorkerSource *self)
{
  gboolean closed;

  g_mutex_lock (&self->mutex);
  while (!self->closed && (!self->reading || self->chunk))
    g_cond_wait (&self->cond, &self->mutex);
  closed = self->closed;
  g_mutex_unlock (&self->mutex);
  return !closed;
}

static gpointer
work (gpointer data)
{
  WorkerSource *self = data;

  while (wait_for_turn (self) && read_chunk (self))
    ;
  worker_source_unref (self);
  return NULL;
}

static void
worker_source_set_reading (ProcstreamSource *source,
                           gboolean          reading)
{
  WorkerSource *self = (WorkerSource *) source;
  gboolean      start;

  g_mutex_lock (&self->mutex);
  self->reading = reading;
  start = reading && !self->started;
  self->started |= start;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  if (start)
    procstream_worker_run ("procstream-read", work, worker_source_ref (self));
}

static void
worker_source_close (ProcstreamSource *source)
{
  WorkerSource *self = (WorkerSource *) source;

  g_mutex_lock (&self->mutex);
  self->closed = TRUE;
  g_cond_signal (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_cancellable_cancel (self->cancellable);
  worker_source_unref (self);
}

static const ProcstreamSourceClass worker_source_class = {
  worker_source_set_reading,
  worker_source_close,
};

static WorkerSource *
worker_source_new (ProcstreamOutputCore *core)
{
  WorkerSource *self = g_new0 (WorkerSource, 1);

  self->parent.klass = &worker_source_class;
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->core = procstream_output_core_ref (core);
  procstream_read_size_init (&self->read_size, procstream_output_core_get_settings (core)->read_chunk_size);
  self->cancellable = g_cancellable_new ();
  self->fd = -1;
  return self;
}

ProcstreamSource *
procstream_worker_source_new_fd (ProcstreamOutputCore *core,
                                 int                   fd)
{
  WorkerSource *self = worker_source_new (core);

  self->fd = fd;
  return &self->parent;
}

ProcstreamSource *
procstream_worker_source_new_stream (ProcstreamOutputCore *core,
                                     GInputStream         *stream)
{
  WorkerSource *self = worker_source_new (core);

  self->stream = stream;
  return &self->parent;
}
