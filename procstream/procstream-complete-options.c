/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-complete-options.h"

#include "procstream-child.h"
#include "procstream-collector.h"
#include "procstream-complete-options-private.h"
#include "procstream-enum-types.h"

/**
 * ProcstreamCompleteOptions:
 *
 * How a child is waited for by [method@Procstream.Child.complete] and
 * [method@Procstream.Launcher.run], and what is collected meanwhile.
 *
 * Nothing is checked when a property is set. What makes no sense is refused, with
 * %G_IO_ERROR_INVALID_ARGUMENT, by whatever uses the options, which takes them as they are
 * then. They are not thread-safe: set them up in one thread.
 *
 * Since: 1.0
 */

/* A bag of properties, in the order of their numbers. */
struct _ProcstreamCompleteOptions
{
  GObject parent_instance;

  gint64              timeout_ms;
  gint64              idle_timeout_ms;
  gboolean            idle_stdout;
  gboolean            idle_stderr;
  gint64              drain_timeout_ms;
  guint64             output_limit;
  ProcstreamEndOn     end_on;
  ProcstreamShutdown *shutdown;
  gboolean            capture;
  ProcstreamKeep      keep;
  guint64             max_bytes;
  gboolean            allow_truncated;
  gboolean            close_stdin;
};

G_DEFINE_FINAL_TYPE (ProcstreamCompleteOptions, procstream_complete_options, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_TIMEOUT_MS,
  PROP_IDLE_TIMEOUT_MS,
  PROP_IDLE_STDOUT,
  PROP_IDLE_STDERR,
  PROP_DRAIN_TIMEOUT_MS,
  PROP_OUTPUT_LIMIT,
  PROP_END_ON,
  PROP_SHUTDOWN,
  PROP_CAPTURE,
  PROP_KEEP,
  PROP_MAX_BYTES,
  PROP_ALLOW_TRUNCATED,
  PROP_CLOSE_STDIN,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
procstream_complete_options_finalize (GObject *object)
{
  ProcstreamCompleteOptions *self = PROCSTREAM_COMPLETE_OPTIONS (object);

  g_clear_object (&self->shutdown);
  G_OBJECT_CLASS (procstream_complete_options_parent_class)->finalize (object);
}

static void
procstream_complete_options_get_property (GObject    *object,
                                          guint       property_id,
                                          GValue     *value,
                                          GParamSpec *pspec)
{
  ProcstreamCompleteOptions *self = PROCSTREAM_COMPLETE_OPTIONS (object);

  switch (property_id)
    {
    case PROP_TIMEOUT_MS:
      g_value_set_int64 (value, self->timeout_ms);
      break;
    case PROP_IDLE_TIMEOUT_MS:
      g_value_set_int64 (value, self->idle_timeout_ms);
      break;
    case PROP_IDLE_STDOUT:
      g_value_set_boolean (value, self->idle_stdout);
      break;
    case PROP_IDLE_STDERR:
      g_value_set_boolean (value, self->idle_stderr);
      break;
    case PROP_DRAIN_TIMEOUT_MS:
      g_value_set_int64 (value, self->drain_timeout_ms);
      break;
    case PROP_OUTPUT_LIMIT:
      g_value_set_uint64 (value, self->output_limit);
      break;
    case PROP_END_ON:
      g_value_set_flags (value, self->end_on);
      break;
    case PROP_SHUTDOWN:
      g_value_set_object (value, self->shutdown);
      break;
    case PROP_CAPTURE:
      g_value_set_boolean (value, self->capture);
      break;
    case PROP_KEEP:
      g_value_set_enum (value, self->keep);
      break;
    case PROP_MAX_BYTES:
      g_value_set_uint64 (value, self->max_bytes);
      break;
    case PROP_ALLOW_TRUNCATED:
      g_value_set_boolean (value, self->allow_truncated);
      break;
    case PROP_CLOSE_STDIN:
      g_value_set_boolean (value, self->close_stdin);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_complete_options_set_property (GObject      *object,
                                          guint         property_id,
                                          const GValue *value,
                                          GParamSpec   *pspec)
{
  ProcstreamCompleteOptions *self = PROCSTREAM_COMPLETE_OPTIONS (object);

  switch (property_id)
    {
    case PROP_TIMEOUT_MS:
      procstream_complete_options_set_timeout_ms (self, g_value_get_int64 (value));
      break;
    case PROP_IDLE_TIMEOUT_MS:
      procstream_complete_options_set_idle_timeout_ms (self, g_value_get_int64 (value));
      break;
    case PROP_IDLE_STDOUT:
      procstream_complete_options_set_idle_stdout (self, g_value_get_boolean (value));
      break;
    case PROP_IDLE_STDERR:
      procstream_complete_options_set_idle_stderr (self, g_value_get_boolean (value));
      break;
    case PROP_DRAIN_TIMEOUT_MS:
      procstream_complete_options_set_drain_timeout_ms (self, g_value_get_int64 (value));
      break;
    case PROP_OUTPUT_LIMIT:
      procstream_complete_options_set_output_limit (self, g_value_get_uint64 (value));
      break;
    case PROP_END_ON:
      procstream_complete_options_set_end_on (self, g_value_get_flags (value));
      break;
    case PROP_SHUTDOWN:
      procstream_complete_options_set_shutdown (self, g_value_get_object (value));
      break;
    case PROP_CAPTURE:
      procstream_complete_options_set_capture (self, g_value_get_boolean (value));
      break;
    case PROP_KEEP:
      procstream_complete_options_set_keep (self, g_value_get_enum (value));
      break;
    case PROP_MAX_BYTES:
      procstream_complete_options_set_max_bytes (self, g_value_get_uint64 (value));
      break;
    case PROP_ALLOW_TRUNCATED:
      procstream_complete_options_set_allow_truncated (self, g_value_get_boolean (value));
      break;
    case PROP_CLOSE_STDIN:
      procstream_complete_options_set_close_stdin (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_limits (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamCompleteOptions:timeout-ms: (getter get_timeout_ms) (setter set_timeout_ms)
   *
   * How long to wait at most, in milliseconds, or %PROCSTREAM_NO_TIMEOUT, which
   * is the default. It bounds the drain as well. In a run it counts from the start.
   *
   * Since: 1.0
   */
  properties[PROP_TIMEOUT_MS] = g_param_spec_int64 ("timeout-ms", NULL, NULL, G_MININT64, G_MAXINT64, PROCSTREAM_NO_TIMEOUT, flags);
  /**
   * ProcstreamCompleteOptions:idle-timeout-ms: (getter get_idle_timeout_ms) (setter set_idle_timeout_ms)
   *
   * How long the child may write nothing, in milliseconds, or
   * %PROCSTREAM_NO_TIMEOUT, which is the default.
   *
   * Time in which an output is not read, because a reliable consumer is behind, does not
   * count. A program that writes in blocks, as many do where their output is no terminal, looks
   * idle while it works: see [property@Procstream.Launcher:pty]. To be told of a silence, and
   * no more, see [property@Procstream.Launcher:idle-timeout-ms].
   *
   * Since: 1.0
   */
  properties[PROP_IDLE_TIMEOUT_MS] = g_param_spec_int64 ("idle-timeout-ms", NULL, NULL, G_MININT64, G_MAXINT64, PROCSTREAM_NO_TIMEOUT, flags);
  /**
   * ProcstreamCompleteOptions:idle-stdout: (getter get_idle_stdout) (setter set_idle_stdout)
   *
   * Whether writing to its standard output keeps a child from being idle; %TRUE
   * unless set.
   *
   * Since: 1.0
   */
  properties[PROP_IDLE_STDOUT] = g_param_spec_boolean ("idle-stdout", NULL, NULL, TRUE, flags);
  /**
   * ProcstreamCompleteOptions:idle-stderr: (getter get_idle_stderr) (setter set_idle_stderr)
   *
   * Whether writing to its standard error keeps a child from being idle; %TRUE
   * unless set.
   *
   * Since: 1.0
   */
  properties[PROP_IDLE_STDERR] = g_param_spec_boolean ("idle-stderr", NULL, NULL, TRUE, flags);
  /**
   * ProcstreamCompleteOptions:drain-timeout-ms: (getter get_drain_timeout_ms) (setter set_drain_timeout_ms)
   *
   * How long to wait, in milliseconds, after the exit of the process for the
   * ends of its outputs, which another process may hold open, and for the files that
   * they go to as well, whose disk may be slow, or %PROCSTREAM_NO_TIMEOUT. The default is %PROCSTREAM_DEFAULT_DRAIN_MS.
   *
   * Since: 1.0
   */
  properties[PROP_DRAIN_TIMEOUT_MS] = g_param_spec_int64 ("drain-timeout-ms", NULL, NULL, G_MININT64, G_MAXINT64, PROCSTREAM_DEFAULT_DRAIN_MS, flags);
  /**
   * ProcstreamCompleteOptions:output-limit: (getter get_output_limit) (setter set_output_limit)
   *
   * How many bytes the child may write to both outputs together. The default is
   * %PROCSTREAM_UNLIMITED. It is for ending a child that does not stop: one that wrote
   * more and exited before it could be ended has exited, and its status counts.
   *
   * Since: 1.0
   */
  properties[PROP_OUTPUT_LIMIT] = g_param_spec_uint64 ("output-limit", NULL, NULL, 0, G_MAXUINT64, PROCSTREAM_UNLIMITED, flags);
}

static void
install_ends (void)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamCompleteOptions:end-on: (getter get_end_on) (setter set_end_on)
   *
   * After what the child is shut down; nothing unless set. Without that only
   * the waiting ends, and the child goes on.
   *
   * Since: 1.0
   */
  properties[PROP_END_ON] = g_param_spec_flags ("end-on", NULL, NULL, PROCSTREAM_TYPE_END_ON, PROCSTREAM_END_ON_NONE, flags);
  /**
   * ProcstreamCompleteOptions:shutdown: (getter get_shutdown) (setter set_shutdown)
   *
   * How the child is shut down then, or %NULL for the `shutdown` of the
   * launcher. One that somebody else began, and that would kill later than
   * this, is cut short.
   *
   * Since: 1.0
   */
  properties[PROP_SHUTDOWN] = g_param_spec_object ("shutdown", NULL, NULL, PROCSTREAM_TYPE_SHUTDOWN, flags);
  /**
   * ProcstreamCompleteOptions:capture: (getter get_capture) (setter set_capture)
   *
   * Whether what the child writes is collected; %TRUE unless set.
   *
   * Since: 1.0
   */
  properties[PROP_CAPTURE] = g_param_spec_boolean ("capture", NULL, NULL, TRUE, flags);
  /**
   * ProcstreamCompleteOptions:keep: (getter get_keep) (setter set_keep)
   *
   * What is kept of an output of which there is more than the limit allows: the
   * beginning, unless set.
   *
   * Since: 1.0
   */
  properties[PROP_KEEP] = g_param_spec_enum ("keep", NULL, NULL, PROCSTREAM_TYPE_KEEP, PROCSTREAM_KEEP_FIRST, flags);
  /**
   * ProcstreamCompleteOptions:max-bytes: (getter get_max_bytes) (setter set_max_bytes)
   *
   * How many bytes of each output are kept. The default is
   * %PROCSTREAM_DEFAULT_COLLECTED_BYTES.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_BYTES] = g_param_spec_uint64 ("max-bytes", NULL, NULL, 0, G_MAXUINT64, PROCSTREAM_DEFAULT_COLLECTED_BYTES, flags);
  /**
   * ProcstreamCompleteOptions:allow-truncated: (getter get_allow_truncated) (setter set_allow_truncated)
   *
   * Whether [method@Procstream.Result.check] lets an output pass that is not
   * all of what was written, for whatever reason; %FALSE unless set.
   *
   * Since: 1.0
   */
  properties[PROP_ALLOW_TRUNCATED] = g_param_spec_boolean ("allow-truncated", NULL, NULL, FALSE, flags);
  /**
   * ProcstreamCompleteOptions:close-stdin: (getter get_close_stdin) (setter set_close_stdin)
   *
   * Whether the standard input of the child is closed first, if it is a pipe;
   * %FALSE unless set.
   *
   * Since: 1.0
   */
  properties[PROP_CLOSE_STDIN] = g_param_spec_boolean ("close-stdin", NULL, NULL, FALSE, flags);
}

static void
procstream_complete_options_class_init (ProcstreamCompleteOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = procstream_complete_options_finalize;
  object_class->get_property = procstream_complete_options_get_property;
  object_class->set_property = procstream_complete_options_set_property;
  install_limits ();
  install_ends ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_complete_options_init (ProcstreamCompleteOptions *self)
{
  self->timeout_ms = PROCSTREAM_NO_TIMEOUT;
  self->idle_timeout_ms = PROCSTREAM_NO_TIMEOUT;
  self->idle_stdout = TRUE;
  self->idle_stderr = TRUE;
  self->drain_timeout_ms = PROCSTREAM_DEFAULT_DRAIN_MS;
  self->output_limit = PROCSTREAM_UNLIMITED;
  self->end_on = PROCSTREAM_END_ON_NONE;
  self->capture = TRUE;
  self->keep = PROCSTREAM_KEEP_FIRST;
  self->max_bytes = PROCSTREAM_DEFAULT_COLLECTED_BYTES;
}

/**
 * procstream_complete_options_new:
 *
 * Makes options that wait without limit, collect the beginning of both outputs and
 * never end the child.
 *
 * Returns: (transfer full): new options
 *
 * Since: 1.0
 */
ProcstreamCompleteOptions *
procstream_complete_options_new (void)
{
  return g_object_new (PROCSTREAM_TYPE_COMPLETE_OPTIONS, NULL);
}

/**
 * procstream_complete_options_get_timeout_ms: (get-property timeout-ms)
 * @self: options
 *
 * Gets how long to wait at most.
 *
 * Returns: how long to wait at most
 *
 * Since: 1.0
 */
gint64
procstream_complete_options_get_timeout_ms (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), 0);

  return self->timeout_ms;
}

/**
 * procstream_complete_options_set_timeout_ms: (set-property timeout-ms)
 * @self: options
 * @timeout_ms: how long to wait at most
 *
 * Sets how long to wait at most.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_timeout_ms (ProcstreamCompleteOptions *self, gint64 timeout_ms)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->timeout_ms == timeout_ms)
    return;
  self->timeout_ms = timeout_ms;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_TIMEOUT_MS]);
}

/**
 * procstream_complete_options_get_idle_timeout_ms: (get-property idle-timeout-ms)
 * @self: options
 *
 * Gets how long the child may write nothing.
 *
 * Returns: how long the child may write nothing
 *
 * Since: 1.0
 */
gint64
procstream_complete_options_get_idle_timeout_ms (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), 0);

  return self->idle_timeout_ms;
}

/**
 * procstream_complete_options_set_idle_timeout_ms: (set-property idle-timeout-ms)
 * @self: options
 * @idle_timeout_ms: how long the child may write nothing
 *
 * Sets how long the child may write nothing.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_idle_timeout_ms (ProcstreamCompleteOptions *self, gint64 idle_timeout_ms)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->idle_timeout_ms == idle_timeout_ms)
    return;
  self->idle_timeout_ms = idle_timeout_ms;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IDLE_TIMEOUT_MS]);
}

/**
 * procstream_complete_options_get_idle_stdout: (get-property idle-stdout)
 * @self: options
 *
 * Gets whether writing to its standard output keeps a child from being idle.
 *
 * Returns: whether writing to its standard output keeps a child from being idle
 *
 * Since: 1.0
 */
gboolean
procstream_complete_options_get_idle_stdout (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), FALSE);

  return self->idle_stdout;
}

/**
 * procstream_complete_options_set_idle_stdout: (set-property idle-stdout)
 * @self: options
 * @idle_stdout: whether writing to its standard output keeps a child from being idle
 *
 * Sets whether writing to its standard output keeps a child from being idle.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_idle_stdout (ProcstreamCompleteOptions *self, gboolean idle_stdout)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->idle_stdout == idle_stdout)
    return;
  self->idle_stdout = idle_stdout;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IDLE_STDOUT]);
}

/**
 * procstream_complete_options_get_idle_stderr: (get-property idle-stderr)
 * @self: options
 *
 * Gets whether writing to its standard error keeps a child from being idle.
 *
 * Returns: whether writing to its standard error keeps a child from being idle
 *
 * Since: 1.0
 */
gboolean
procstream_complete_options_get_idle_stderr (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), FALSE);

  return self->idle_stderr;
}

/**
 * procstream_complete_options_set_idle_stderr: (set-property idle-stderr)
 * @self: options
 * @idle_stderr: whether writing to its standard error keeps a child from being idle
 *
 * Sets whether writing to its standard error keeps a child from being idle.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_idle_stderr (ProcstreamCompleteOptions *self, gboolean idle_stderr)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->idle_stderr == idle_stderr)
    return;
  self->idle_stderr = idle_stderr;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_IDLE_STDERR]);
}

/**
 * procstream_complete_options_get_drain_timeout_ms: (get-property drain-timeout-ms)
 * @self: options
 *
 * Gets how long to wait for the ends of the outputs after the exit.
 *
 * Returns: how long to wait for the ends of the outputs after the exit
 *
 * Since: 1.0
 */
gint64
procstream_complete_options_get_drain_timeout_ms (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), 0);

  return self->drain_timeout_ms;
}

/**
 * procstream_complete_options_set_drain_timeout_ms: (set-property drain-timeout-ms)
 * @self: options
 * @drain_timeout_ms: how long to wait for the ends of the outputs after the exit
 *
 * Sets how long to wait for the ends of the outputs after the exit.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_drain_timeout_ms (ProcstreamCompleteOptions *self, gint64 drain_timeout_ms)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->drain_timeout_ms == drain_timeout_ms)
    return;
  self->drain_timeout_ms = drain_timeout_ms;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DRAIN_TIMEOUT_MS]);
}

/**
 * procstream_complete_options_get_output_limit: (get-property output-limit)
 * @self: options
 *
 * Gets how many bytes the child may write.
 *
 * Returns: how many bytes the child may write
 *
 * Since: 1.0
 */
guint64
procstream_complete_options_get_output_limit (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), 0);

  return self->output_limit;
}

/**
 * procstream_complete_options_set_output_limit: (set-property output-limit)
 * @self: options
 * @output_limit: how many bytes the child may write
 *
 * Sets how many bytes the child may write.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_output_limit (ProcstreamCompleteOptions *self, guint64 output_limit)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->output_limit == output_limit)
    return;
  self->output_limit = output_limit;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OUTPUT_LIMIT]);
}

/**
 * procstream_complete_options_get_end_on: (get-property end-on)
 * @self: options
 *
 * Gets after what the child is shut down.
 *
 * Returns: after what the child is shut down
 *
 * Since: 1.0
 */
ProcstreamEndOn
procstream_complete_options_get_end_on (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), PROCSTREAM_END_ON_NONE);

  return self->end_on;
}

/**
 * procstream_complete_options_set_end_on: (set-property end-on)
 * @self: options
 * @end_on: after what the child is shut down
 *
 * Sets after what the child is shut down.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_end_on (ProcstreamCompleteOptions *self, ProcstreamEndOn end_on)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->end_on == end_on)
    return;
  self->end_on = end_on;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_END_ON]);
}

/**
 * procstream_complete_options_get_shutdown: (get-property shutdown)
 * @self: options
 *
 * Gets how the child is shut down.
 *
 * Returns: (transfer none) (nullable): how the child is shut down
 *
 * Since: 1.0
 */
ProcstreamShutdown *
procstream_complete_options_get_shutdown (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), NULL);

  return self->shutdown;
}

/**
 * procstream_complete_options_set_shutdown: (set-property shutdown)
 * @self: options
 * @shutdown: (nullable): how the child is shut down
 *
 * Sets how the child is shut down.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_shutdown (ProcstreamCompleteOptions *self, ProcstreamShutdown *shutdown)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));
  g_return_if_fail (shutdown == NULL || PROCSTREAM_IS_SHUTDOWN (shutdown));

  if (!g_set_object (&self->shutdown, shutdown))
    return;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_SHUTDOWN]);
}

/**
 * procstream_complete_options_get_capture: (get-property capture)
 * @self: options
 *
 * Gets whether what the child writes is collected.
 *
 * Returns: whether what the child writes is collected
 *
 * Since: 1.0
 */
gboolean
procstream_complete_options_get_capture (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), FALSE);

  return self->capture;
}

/**
 * procstream_complete_options_set_capture: (set-property capture)
 * @self: options
 * @capture: whether what the child writes is collected
 *
 * Sets whether what the child writes is collected.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_capture (ProcstreamCompleteOptions *self, gboolean capture)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->capture == capture)
    return;
  self->capture = capture;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CAPTURE]);
}

/**
 * procstream_complete_options_get_keep: (get-property keep)
 * @self: options
 *
 * Gets what is kept of an output that is longer than the limit.
 *
 * Returns: what is kept of an output that is longer than the limit
 *
 * Since: 1.0
 */
ProcstreamKeep
procstream_complete_options_get_keep (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), PROCSTREAM_KEEP_UNSET);

  return self->keep;
}

/**
 * procstream_complete_options_set_keep: (set-property keep)
 * @self: options
 * @keep: what is kept of an output that is longer than the limit
 *
 * Sets what is kept of an output that is longer than the limit.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_keep (ProcstreamCompleteOptions *self, ProcstreamKeep keep)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->keep == keep)
    return;
  self->keep = keep;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KEEP]);
}

/**
 * procstream_complete_options_get_max_bytes: (get-property max-bytes)
 * @self: options
 *
 * Gets how many bytes of each output are kept.
 *
 * Returns: how many bytes of each output are kept
 *
 * Since: 1.0
 */
guint64
procstream_complete_options_get_max_bytes (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), 0);

  return self->max_bytes;
}

/**
 * procstream_complete_options_set_max_bytes: (set-property max-bytes)
 * @self: options
 * @max_bytes: how many bytes of each output are kept
 *
 * Sets how many bytes of each output are kept.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_max_bytes (ProcstreamCompleteOptions *self, guint64 max_bytes)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->max_bytes == max_bytes)
    return;
  self->max_bytes = max_bytes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_BYTES]);
}

/**
 * procstream_complete_options_get_allow_truncated: (get-property allow-truncated)
 * @self: options
 *
 * Gets whether an output may be truncated.
 *
 * Returns: whether an output may be truncated
 *
 * Since: 1.0
 */
gboolean
procstream_complete_options_get_allow_truncated (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), FALSE);

  return self->allow_truncated;
}

/**
 * procstream_complete_options_set_allow_truncated: (set-property allow-truncated)
 * @self: options
 * @allow_truncated: whether an output may be truncated
 *
 * Sets whether an output may be truncated.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_allow_truncated (ProcstreamCompleteOptions *self, gboolean allow_truncated)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->allow_truncated == allow_truncated)
    return;
  self->allow_truncated = allow_truncated;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ALLOW_TRUNCATED]);
}

/**
 * procstream_complete_options_get_close_stdin: (get-property close-stdin)
 * @self: options
 *
 * Gets whether the standard input is closed first.
 *
 * Returns: whether the standard input is closed first
 *
 * Since: 1.0
 */
gboolean
procstream_complete_options_get_close_stdin (ProcstreamCompleteOptions *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self), FALSE);

  return self->close_stdin;
}

/**
 * procstream_complete_options_set_close_stdin: (set-property close-stdin)
 * @self: options
 * @close_stdin: whether the standard input is closed first
 *
 * Sets whether the standard input is closed first.
 *
 * Since: 1.0
 */
void
procstream_complete_options_set_close_stdin (ProcstreamCompleteOptions *self, gboolean close_stdin)
{
  g_return_if_fail (PROCSTREAM_IS_COMPLETE_OPTIONS (self));

  if (self->close_stdin == close_stdin)
    return;
  self->close_stdin = close_stdin;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CLOSE_STDIN]);
}
