/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-input.h"

#include "procstream-input-private.h"
#include "procstream-platform-private.h"

#include <string.h>

/**
 * ProcstreamInput:
 *
 * The standard input of a child that was given a pipe.
 *
 * What is written is queued and goes to the child as fast as it reads, without
 * ever blocking the caller or its main loop, and a child that is gone is an
 * error value, never a `SIGPIPE`.
 *
 * ## Two ways to write
 *
 * [method@Procstream.Input.write_async] is over when the bytes are in the pipe: whoever
 * waits for one write before making the next has no more in memory than one of them, and is as fast as
 * the child. [method@Procstream.Input.write_bytes] and
 * [method@Procstream.Input.write_utf8] only queue. They are refused when
 * [property@Procstream.Input:max-queued-bytes] would be exceeded, so that a child that does not read costs no more
 * memory than that; the change of [property@Procstream.Input:bytes-queued] tells when
 * there is room again. One write of any size is taken when nothing is queued.
 *
 * ## Inputs that come from elsewhere
 *
 * A child whose input comes from bytes or from a stream, see
 * [property@Procstream.Launcher:stdin-bytes] and
 * [property@Procstream.Launcher:stdin-stream], or from the stage before in a
 * [class@Procstream.Pipeline], may have one of these as well. It says how far it has come, and can be closed
 * early; writing to it is refused. Between two stages that are not observed nothing passes
 * through the program: there it counts nothing, and there is nothing to close.
 *
 * ## Its end
 *
 * What is written before the child is started is kept until it runs. When
 * the child exits its input is closed, and what is still queued fails.
 *
 * A child that reads until the end of its input runs until
 * [method@Procstream.Input.close]. Since a running child keeps itself and its input
 * alive, dropping references does not close it.
 *
 * The methods may be called from any thread.
 *
 * Since: 1.0
 */

/* seen is what was told of last; it is of the thread that runs the context. */
struct _ProcstreamInput
{
  GObject parent_instance;

  ProcstreamInputCore  *core;
  ProcstreamBell       *bell;
  ProcstreamInputCounts seen;
  gint                  muted; /* atomic */
};

/* Languages can construct one without a child: there is nothing in it. */
static gboolean
is_made_by_child (ProcstreamInput *self)
{
  return PROCSTREAM_IS_INPUT (self) && self->core != NULL;
}

G_DEFINE_FINAL_TYPE (ProcstreamInput, procstream_input, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_BYTES_QUEUED,
  PROP_BYTES_WRITTEN,
  PROP_MAX_QUEUED_BYTES,
  PROP_FEED_ERROR,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* In the thread that runs the context, each time something has changed. A handler may run the main loop, and so this, again. */
static void
advance (gpointer outer)
{
  ProcstreamInput      *self = outer;
  ProcstreamInputCounts before = self->seen;

  if (g_atomic_int_get (&self->muted))
    return;

  procstream_input_core_get_counts (self->core, &self->seen);
  if (self->seen.written != before.written)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES_WRITTEN]);
  if (self->seen.n_changes != before.n_changes && !g_atomic_int_get (&self->muted))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BYTES_QUEUED]);
  if (self->seen.max_queued != before.max_queued && !g_atomic_int_get (&self->muted))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_QUEUED_BYTES]);
  if (self->seen.feed_failed != before.feed_failed && !g_atomic_int_get (&self->muted))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FEED_ERROR]);
}

void
procstream_input_mute (ProcstreamInput *self)
{
  g_atomic_int_set (&self->muted, TRUE);
}

ProcstreamInput *
procstream_input_new_for_core (ProcstreamInputCore *core,
                               GMainContext        *context)
{
  ProcstreamInput *self = g_object_new (PROCSTREAM_TYPE_INPUT, NULL);

  self->core = procstream_input_core_ref (core);
  self->bell = procstream_bell_new (context, G_OBJECT (self), advance);
  procstream_input_core_get_counts (core, &self->seen);
  procstream_input_core_take_bell (core, procstream_bell_ref (self->bell));
  return self;
}

static void
procstream_input_finalize (GObject *object)
{
  ProcstreamInput *self = PROCSTREAM_INPUT (object);

  /* In a forked copy another thread may have held any lock of what is below. */
  if (self->core && !procstream_platform_forked ())
    {
      procstream_bell_close (self->bell);
      /* What feeds it goes on. */
      if (!procstream_input_core_is_fed (self->core))
        procstream_input_core_close (self->core);
      procstream_input_core_unref (self->core);
      procstream_bell_unref (self->bell);
    }
  G_OBJECT_CLASS (procstream_input_parent_class)->finalize (object);
}

static void
procstream_input_get_property (GObject    *object,
                               guint       property_id,
                               GValue     *value,
                               GParamSpec *pspec)
{
  ProcstreamInput *self = PROCSTREAM_INPUT (object);

  switch (property_id)
    {
    case PROP_BYTES_QUEUED:
      g_value_set_uint64 (value, procstream_input_get_bytes_queued (self));
      break;
    case PROP_BYTES_WRITTEN:
      g_value_set_uint64 (value, procstream_input_get_bytes_written (self));
      break;
    case PROP_MAX_QUEUED_BYTES:
      g_value_set_uint64 (value, procstream_input_get_max_queued_bytes (self));
      break;
    case PROP_FEED_ERROR:
      g_value_take_boxed (value, procstream_input_dup_feed_error (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_input_set_property (GObject      *object,
                               guint         property_id,
                               const GValue *value,
                               GParamSpec   *pspec)
{
  if (property_id == PROP_MAX_QUEUED_BYTES)
    procstream_input_set_max_queued_bytes (PROCSTREAM_INPUT (object), g_value_get_uint64 (value));
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
}

static void
procstream_input_class_init (ProcstreamInputClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = procstream_input_finalize;
  object_class->get_property = procstream_input_get_property;
  object_class->set_property = procstream_input_set_property;

  /**
   * ProcstreamInput:bytes-queued: (getter get_bytes_queued)
   *
   * How many bytes wait to be written to the pipe. Its changes are notified in the main
   * context of the child, once for all that happened since the last time: also when it is
   * again what it was.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_QUEUED] = g_param_spec_uint64 ("bytes-queued", NULL, NULL, 0, G_MAXUINT64, 0,
                                                       G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * ProcstreamInput:bytes-written: (getter get_bytes_written)
   *
   * How many bytes were written to the pipe. How many of them the child has read, nobody
   * but itself knows. Notified as [property@Procstream.Input:bytes-queued] is.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_WRITTEN] = g_param_spec_uint64 ("bytes-written", NULL, NULL, 0, G_MAXUINT64, 0,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  /**
   * ProcstreamInput:max-queued-bytes: (getter get_max_queued_bytes) (setter set_max_queued_bytes)
   *
   * How many bytes may be queued by writes that do not wait. One that is longer is taken when nothing
   * is queued. 0 takes one at a time.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_QUEUED_BYTES] = g_param_spec_uint64 ("max-queued-bytes", NULL, NULL, 0, G_MAXUINT64,
                                                           PROCSTREAM_DEFAULT_MAX_QUEUED_BYTES,
                                                           G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  /**
   * ProcstreamInput:feed-error: (getter dup_feed_error)
   *
   * Why the input was closed before the end of what feeds it, or %NULL. It is of a stream
   * that could not be read. Notified in the main context of the child.
   *
   * Since: 1.0
   */
  properties[PROP_FEED_ERROR] = g_param_spec_boxed ("feed-error", NULL, NULL, G_TYPE_ERROR, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_input_init (ProcstreamInput *self)
{
}

static void
get_counts (ProcstreamInput       *self,
            ProcstreamInputCounts *counts)
{
  *counts = (ProcstreamInputCounts){ .max_queued = PROCSTREAM_DEFAULT_MAX_QUEUED_BYTES };
  if (self->core)
    procstream_input_core_get_counts (self->core, counts);
}

/**
 * procstream_input_get_bytes_queued: (get-property bytes-queued)
 * @self: an input
 *
 * Gets how many bytes wait to be written.
 *
 * Returns: how many bytes wait to be written
 *
 * Since: 1.0
 */
guint64
procstream_input_get_bytes_queued (ProcstreamInput *self)
{
  ProcstreamInputCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_INPUT (self), 0);

  get_counts (self, &counts);
  return counts.queued;
}

/**
 * procstream_input_get_bytes_written: (get-property bytes-written)
 * @self: an input
 *
 * Gets how many bytes were written.
 *
 * Returns: how many bytes were written
 *
 * Since: 1.0
 */
guint64
procstream_input_get_bytes_written (ProcstreamInput *self)
{
  ProcstreamInputCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_INPUT (self), 0);

  get_counts (self, &counts);
  return counts.written;
}

/**
 * procstream_input_get_max_queued_bytes: (get-property max-queued-bytes)
 * @self: an input
 *
 * Gets how many bytes may be queued by writes that do not wait.
 *
 * Returns: how many bytes may be queued
 *
 * Since: 1.0
 */
guint64
procstream_input_get_max_queued_bytes (ProcstreamInput *self)
{
  ProcstreamInputCounts counts;

  g_return_val_if_fail (PROCSTREAM_IS_INPUT (self), 0);

  get_counts (self, &counts);
  return counts.max_queued;
}

/**
 * procstream_input_set_max_queued_bytes: (set-property max-queued-bytes)
 * @self: an input
 * @max_queued_bytes: how many bytes may be queued
 *
 * Sets how many bytes may be queued by writes that do not wait. What is queued by now stays.
 *
 * Since: 1.0
 */
void
procstream_input_set_max_queued_bytes (ProcstreamInput *self,
                                       guint64          max_queued_bytes)
{
  g_return_if_fail (is_made_by_child (self));

  if (!procstream_platform_forked ())
    procstream_input_core_set_max_queued (self->core, max_queued_bytes);
}

/**
 * procstream_input_dup_feed_error: (get-property feed-error)
 * @self: an input
 *
 * Gets why the input was closed before the end of what feeds it.
 *
 * Returns: (transfer full) (nullable): the error of the stream that feeds it, or %NULL
 *
 * Since: 1.0
 */
GError *
procstream_input_dup_feed_error (ProcstreamInput *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_INPUT (self), NULL);

  return self->core ? procstream_input_core_dup_feed_error (self->core) : NULL;
}

/**
 * procstream_input_write_bytes:
 * @self: an input
 * @bytes: what to write; it is not copied
 * @error: return location for an error
 *
 * Queues bytes for the child, without waiting: nobody hears what becomes of them. What is queued
 * is written in the order of the calls, and dropped when the child goes.
 *
 * A free function of @bytes may be called in a thread of the library.
 *
 * Returns: %TRUE when all of it was queued, or %FALSE, when none of it was, with
 *   %G_IO_ERROR_WOULD_BLOCK when [property@Procstream.Input:max-queued-bytes] leaves no room,
 *   %G_IO_ERROR_BROKEN_PIPE when the child is gone or has closed its input,
 *   %G_IO_ERROR_CLOSED when the input was closed before,
 *   %G_IO_ERROR_NOT_SUPPORTED when it comes from elsewhere,
 *   the error of a start that failed, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_input_write_bytes (ProcstreamInput *self,
                              GBytes          *bytes,
                              GError         **error)
{
  g_return_val_if_fail (is_made_by_child (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return procstream_platform_check_forked ("write to a child", error) &&
         procstream_input_core_write (self->core, bytes, PROCSTREAM_INPUT_ROLE_IN_NO_TIME, error);
}

/**
 * procstream_input_write_utf8:
 * @self: an input
 * @text: what to write
 * @error: return location for an error
 *
 * Queues text for the child, as [method@Procstream.Input.write_bytes] does bytes. Nothing is added to it, no
 * newline either.
 *
 * Returns: %TRUE when all of it was queued, or %FALSE with an error of
 *   [method@Procstream.Input.write_bytes]
 *
 * Since: 1.0
 */
gboolean
procstream_input_write_utf8 (ProcstreamInput *self,
                             const char      *text,
                             GError         **error)
{
  g_autoptr (GBytes) bytes = NULL;

  g_return_val_if_fail (text != NULL, FALSE);

  bytes = g_bytes_new (text, strlen (text));
  return procstream_input_write_bytes (self, bytes, error);
}

/**
 * procstream_input_write_async:
 * @self: an input
 * @bytes: what to write; it is not copied
 * @cancellable: (nullable): stops the write
 * @callback: (nullable): called when everything was written
 * @user_data: data for @callback
 *
 * Queues bytes for the child, however many are queued already. Writes are made in the order of the calls; each
 * is over when the last of its bytes is in the pipe.
 *
 * A write that is cancelled before its first byte went out is not made. Of one
 * that was begun, the rest is still written, so that the child never sees a
 * torn message, but nobody waits for it.
 *
 * Since: 1.0
 */
void
procstream_input_write_async (ProcstreamInput    *self,
                              GBytes             *bytes,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (is_made_by_child (self));
  g_return_if_fail (bytes != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, procstream_input_write_async);
  /* Whether a write was made is told by what happened to its bytes, not by what became of the cancellable since. */
  g_task_set_check_cancellable (task, FALSE);
  if (!procstream_platform_check_forked ("write to a child", &error) || g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  /* Bytes may have a free function of the program: the task lets go of them last, in its own context. */
  g_task_set_task_data (task, g_bytes_ref (bytes), (GDestroyNotify) g_bytes_unref);
  procstream_input_core_write_task (self->core, bytes, g_steal_pointer (&task));
}

/**
 * procstream_input_write_finish:
 * @self: an input
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Finishes [method@Procstream.Input.write_async].
 *
 * Returns: %TRUE when everything was written, or %FALSE with
 *   %G_IO_ERROR_BROKEN_PIPE when the child is gone or has closed its input,
 *   %G_IO_ERROR_CLOSED when the input was closed before, %G_IO_ERROR_CANCELLED,
 *   %G_IO_ERROR_NOT_SUPPORTED when the input comes from elsewhere,
 *   the error of a start that failed, or %PROCSTREAM_CHILD_ERROR_FORKED
 *
 * Since: 1.0
 */
gboolean
procstream_input_write_finish (ProcstreamInput *self,
                               GAsyncResult    *result,
                               GError         **error)
{
  g_return_val_if_fail (is_made_by_child (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, procstream_input_write_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * procstream_input_close:
 * @self: an input
 *
 * Closes the input once everything that was queued is written: the child then
 * reads end of file. Nothing more can be queued, and a stream that feeds it is not read any more. Closing
 * twice does nothing.
 *
 * Since: 1.0
 */
void
procstream_input_close (ProcstreamInput *self)
{
  g_return_if_fail (is_made_by_child (self));

  if (!procstream_platform_forked ())
    procstream_input_core_close (self->core);
}
