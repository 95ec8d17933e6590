/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-output-config.h"

#include "procstream-enum-types.h"
#include "procstream-output-file-private.h"
#include "procstream-output-config-lines-private.h"
#include "procstream-output-config-private.h"
#include "procstream-output-limits-private.h"

/**
 * ProcstreamOutputConfig:
 *
 * How one output of a child is treated: where it goes, what becomes of slow and
 * late subscribers, how much memory it may take, and what a line is.
 *
 * A launcher has one for the standard output and one for the standard error;
 * what is left unset here comes from the launcher. An output that is not a
 * child's has nothing to inherit from, and needs a complete configuration.
 *
 * A configuration may be used for any number of outputs. It is read when a
 * child, or an output, is made; what is changed later counts for the next one.
 *
 * # Errors
 *
 * Nothing is refused when it is set: languages that build objects from
 * properties set them in any order. What is incomplete or impossible fails
 * where the configuration is used: with %PROCSTREAM_CHILD_ERROR_UNSET_POLICY
 * when a property that has no default was not set, and with
 * %G_IO_ERROR_INVALID_ARGUMENT when a size is 0 or too big. The message names
 * the process or the output, and the property.
 *
 * A configuration is not locked: use it in one thread at a time.
 *
 * Since: 1.0
 */

struct _ProcstreamOutputConfig
{
  GObject parent_instance;

  ProcstreamBackend      backend;
  ProcstreamDelivery     delivery;
  ProcstreamReplay       replay;
  guint64                replay_limit;
  guint                  read_chunk_size;
  guint                  max_buffered_chunks;
  guint64                max_buffered_bytes;
  ProcstreamReaderMode   reader;
  ProcstreamLineConfig   lines;
  ProcstreamOutputLimits limits;
  ProcstreamOutputFile   file;
};

G_DEFINE_FINAL_TYPE (ProcstreamOutputConfig, procstream_output_config, G_TYPE_OBJECT)

enum
{
  PROP_BACKEND = PROCSTREAM_LINE_CONFIG_N_PROPS, /* those of lines come before it */
  PROP_DELIVERY,
  PROP_REPLAY,
  PROP_REPLAY_LIMIT,
  PROP_READ_CHUNK_SIZE,
  PROP_MAX_BUFFERED_CHUNKS,
  PROP_MAX_BUFFERED_BYTES,
  PROP_READER,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

ProcstreamLineConfig *
procstream_output_config_get_lines (ProcstreamOutputConfig *self)
{
  return &self->lines;
}

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_output_config_get_property (GObject    *object,
                                       guint       property_id,
                                       GValue     *value,
                                       GParamSpec *pspec)
{
  ProcstreamOutputConfig *self = PROCSTREAM_OUTPUT_CONFIG (object);

  switch (property_id)
    {
    case PROP_BACKEND:
      g_value_set_enum (value, self->backend);
      break;
    case PROP_DELIVERY:
      g_value_set_enum (value, self->delivery);
      break;
    case PROP_REPLAY:
      g_value_set_enum (value, self->replay);
      break;
    case PROP_REPLAY_LIMIT:
      g_value_set_uint64 (value, self->replay_limit);
      break;
    case PROP_READ_CHUNK_SIZE:
      g_value_set_uint (value, self->read_chunk_size);
      break;
    case PROP_MAX_BUFFERED_CHUNKS:
      g_value_set_uint (value, self->max_buffered_chunks);
      break;
    case PROP_MAX_BUFFERED_BYTES:
      g_value_set_uint64 (value, self->max_buffered_bytes);
      break;
    case PROP_READER:
      g_value_set_enum (value, self->reader);
      break;
    default:
      if (!procstream_output_config_get_line_property (self, property_id, value) &&
          !procstream_output_file_get_property (self, property_id, value))
        procstream_output_limits_get_property (object, property_id, value, pspec);
    }
}

static void
procstream_output_config_set_property (GObject      *object,
                                       guint         property_id,
                                       const GValue *value,
                                       GParamSpec   *pspec)
{
  ProcstreamOutputConfig *self = PROCSTREAM_OUTPUT_CONFIG (object);

  switch (property_id)
    {
    case PROP_BACKEND:
      procstream_output_config_set_backend (self, g_value_get_enum (value));
      break;
    case PROP_DELIVERY:
      procstream_output_config_set_delivery (self, g_value_get_enum (value));
      break;
    case PROP_REPLAY:
      procstream_output_config_set_replay (self, g_value_get_enum (value));
      break;
    case PROP_REPLAY_LIMIT:
      procstream_output_config_set_replay_limit (self, g_value_get_uint64 (value));
      break;
    case PROP_READ_CHUNK_SIZE:
      procstream_output_config_set_read_chunk_size (self, g_value_get_uint (value));
      break;
    case PROP_MAX_BUFFERED_CHUNKS:
      procstream_output_config_set_max_buffered_chunks (self, g_value_get_uint (value));
      break;
    case PROP_MAX_BUFFERED_BYTES:
      procstream_output_config_set_max_buffered_bytes (self, g_value_get_uint64 (value));
      break;
    case PROP_READER:
      procstream_output_config_set_reader (self, g_value_get_enum (value));
      break;
    default:
      if (!procstream_output_config_set_line_property (self, property_id, value) &&
          !procstream_output_file_set_property (self, property_id, value))
        procstream_output_limits_set_property (object, property_id, value, pspec);
    }
}

static void
install_policy (GParamFlags flags)
{
  /**
   * ProcstreamOutputConfig:backend: (getter get_backend) (setter set_backend)
   *
   * Where the output goes. With anything but %PROCSTREAM_BACKEND_BROADCAST and
   * %PROCSTREAM_BACKEND_SINGLE the properties of what is read do not matter.
   *
   * The default is %PROCSTREAM_BACKEND_BROADCAST.
   *
   * Since: 1.0
   */
  properties[PROP_BACKEND] = g_param_spec_enum ("backend", NULL, NULL, PROCSTREAM_TYPE_BACKEND, PROCSTREAM_BACKEND_BROADCAST, flags);
  /**
   * ProcstreamOutputConfig:delivery: (getter get_delivery) (setter set_delivery)
   *
   * What happens when a subscriber does not keep up. There is no default: where
   * it is unset, that of the launcher counts, and where that is unset too, the
   * start fails.
   *
   * Since: 1.0
   */
  properties[PROP_DELIVERY] = g_param_spec_enum ("delivery", NULL, NULL, PROCSTREAM_TYPE_DELIVERY, PROCSTREAM_DELIVERY_UNSET, flags);
  /**
   * ProcstreamOutputConfig:replay: (getter get_replay) (setter set_replay)
   *
   * What is kept for subscribers that attach late. There is no default: where it
   * is unset, that of the launcher counts, and where that is unset too, the start
   * fails.
   *
   * Since: 1.0
   */
  properties[PROP_REPLAY] = g_param_spec_enum ("replay", NULL, NULL, PROCSTREAM_TYPE_REPLAY, PROCSTREAM_REPLAY_UNSET, flags);
  /**
   * ProcstreamOutputConfig:replay-limit: (getter get_replay_limit) (setter set_replay_limit)
   *
   * How many chunks, bytes, lines or milliseconds
   * [property@Procstream.OutputConfig:replay] keeps, where it is one of those that
   * keep the last of them; 0 is unset. Where it is unset, that of
   * the launcher counts, if the launcher's replay is of the same kind. The other
   * kinds of replay need no limit.
   *
   * Since: 1.0
   */
  properties[PROP_REPLAY_LIMIT] = g_param_spec_uint64 ("replay-limit", NULL, NULL, 0, G_MAXUINT64, 0, flags);
}

static void
install_buffers (GParamFlags flags)
{
  /**
   * ProcstreamOutputConfig:read-chunk-size: (getter get_read_chunk_size) (setter set_read_chunk_size)
   *
   * How many bytes one read asks for, and so the size of the largest chunk: 1 to
   * 16777216 (16 MiB).
   *
   * The default is %PROCSTREAM_DEFAULT_READ_CHUNK_SIZE.
   *
   * Since: 1.0
   */
  properties[PROP_READ_CHUNK_SIZE] = g_param_spec_uint ("read-chunk-size", NULL, NULL, 0, G_MAXUINT, PROCSTREAM_DEFAULT_READ_CHUNK_SIZE, flags);
  /**
   * ProcstreamOutputConfig:max-buffered-chunks: (getter get_max_buffered_chunks) (setter set_max_buffered_chunks)
   *
   * The size of the live window in chunks: how far a subscriber may fall behind
   * before a lossy one loses the oldest chunk, or a reliable one makes the child
   * wait. It is reached with this or with
   * [property@Procstream.OutputConfig:max-buffered-bytes], whichever comes first.
   * Never 0.
   *
   * The default is %PROCSTREAM_DEFAULT_MAX_BUFFERED_CHUNKS.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_BUFFERED_CHUNKS] = g_param_spec_uint ("max-buffered-chunks", NULL, NULL, 0, G_MAXUINT, PROCSTREAM_DEFAULT_MAX_BUFFERED_CHUNKS, flags);
  /**
   * ProcstreamOutputConfig:max-buffered-bytes: (getter get_max_buffered_bytes) (setter set_max_buffered_bytes)
   *
   * The size of the live window in bytes; see
   * [property@Procstream.OutputConfig:max-buffered-chunks]. Never 0. With
   * subscribers to lines, knowing where lines end takes up to a quarter more.
   *
   * The default is %PROCSTREAM_DEFAULT_MAX_BUFFERED_BYTES.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_BUFFERED_BYTES] = g_param_spec_uint64 ("max-buffered-bytes", NULL, NULL, 0, G_MAXUINT64, PROCSTREAM_DEFAULT_MAX_BUFFERED_BYTES, flags);
  /**
   * ProcstreamOutputConfig:reader: (getter get_reader) (setter set_reader)
   *
   * Where the output is read: in the library's I/O thread, or in the main context
   * that was the thread-default one when the output was made.
   *
   * The default is %PROCSTREAM_READER_MODE_THREAD.
   *
   * Since: 1.0
   */
  properties[PROP_READER] = g_param_spec_enum ("reader", NULL, NULL, PROCSTREAM_TYPE_READER_MODE, PROCSTREAM_READER_MODE_THREAD, flags);
}

static void
procstream_output_config_finalize (GObject *object)
{
  procstream_line_config_clear (&PROCSTREAM_OUTPUT_CONFIG (object)->lines);
  procstream_output_file_clear (&PROCSTREAM_OUTPUT_CONFIG (object)->file);
  G_OBJECT_CLASS (procstream_output_config_parent_class)->finalize (object);
}

static void
procstream_output_config_class_init (ProcstreamOutputConfigClass *klass)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = procstream_output_config_finalize;
  object_class->get_property = procstream_output_config_get_property;
  object_class->set_property = procstream_output_config_set_property;
  install_policy (flags);
  install_buffers (flags);
  procstream_output_config_install_line_properties (object_class);
  for (guint i = PROP_BACKEND; i < N_PROPS; i++)
    g_object_class_install_property (object_class, i, properties[i]);
  procstream_output_limits_install (object_class);
  procstream_output_file_install (object_class);
}

static void
procstream_output_config_init (ProcstreamOutputConfig *self)
{
  self->backend = PROCSTREAM_BACKEND_BROADCAST;
  self->delivery = PROCSTREAM_DELIVERY_UNSET;
  self->replay = PROCSTREAM_REPLAY_UNSET;
  self->replay_limit = 0;
  self->read_chunk_size = PROCSTREAM_DEFAULT_READ_CHUNK_SIZE;
  self->max_buffered_chunks = PROCSTREAM_DEFAULT_MAX_BUFFERED_CHUNKS;
  self->max_buffered_bytes = PROCSTREAM_DEFAULT_MAX_BUFFERED_BYTES;
  self->reader = PROCSTREAM_READER_MODE_THREAD;
  self->lines.separator = PROCSTREAM_LINE_SEPARATOR_NEWLINE;
  self->lines.max_length = PROCSTREAM_DEFAULT_MAX_LINE_LENGTH;
  self->lines.overflow = PROCSTREAM_LINE_OVERFLOW_SPLIT;
  procstream_output_limits_init (&self->limits);
}

ProcstreamOutputLimits *
procstream_output_config_get_limits (ProcstreamOutputConfig *self)
{
  return &self->limits;
}

ProcstreamOutputFile *
procstream_output_config_get_file_part (ProcstreamOutputConfig *self)
{
  return &self->file;
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_output_config_new:
 * @delivery: what happens when a subscriber does not keep up;
 *   %PROCSTREAM_DELIVERY_UNSET to take that of the launcher
 * @replay: what is kept for late subscribers; %PROCSTREAM_REPLAY_UNSET to take
 *   that of the launcher
 *
 * Makes a configuration of an output that is broadcast to its subscribers.
 * The kinds of replay that keep the last of something also need a
 * [property@Procstream.OutputConfig:replay-limit].
 *
 * Returns: (transfer full): a new configuration
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_output_config_new (ProcstreamDelivery delivery,
                              ProcstreamReplay   replay)
{
  return g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, "delivery", delivery, "replay", replay, NULL);
}

/**
 * procstream_output_config_new_discard:
 *
 * Makes a configuration of an output that goes to the null device. It needs no
 * policy.
 *
 * Returns: (transfer full): a new configuration
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_output_config_new_discard (void)
{
  return g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, "backend", PROCSTREAM_BACKEND_DISCARD, NULL);
}

/**
 * procstream_output_config_new_inherit:
 *
 * Makes a configuration of an output that goes where the program's own does.
 * It needs no policy.
 *
 * Returns: (transfer full): a new configuration
 *
 * Since: 1.0
 */
ProcstreamOutputConfig *
procstream_output_config_new_inherit (void)
{
  return g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, "backend", PROCSTREAM_BACKEND_INHERIT, NULL);
}

/**
 * procstream_output_config_get_backend: (get-property backend)
 * @self: a configuration
 *
 * Gets where the output goes.
 *
 * Returns: where the output goes
 *
 * Since: 1.0
 */
ProcstreamBackend
procstream_output_config_get_backend (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), PROCSTREAM_BACKEND_UNSET);

  return self->backend;
}

/**
 * procstream_output_config_set_backend: (set-property backend)
 * @self: a configuration
 * @backend: where the output goes
 *
 * Sets where the output goes, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_backend (ProcstreamOutputConfig *self,
                                      ProcstreamBackend       backend)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (self->backend == backend)
    return;
  self->backend = backend;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_BACKEND]);
}

/**
 * procstream_output_config_get_delivery: (get-property delivery)
 * @self: a configuration
 *
 * Gets what happens when a subscriber does not keep up.
 *
 * Returns: what happens when a subscriber does not keep up
 *
 * Since: 1.0
 */
ProcstreamDelivery
procstream_output_config_get_delivery (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), PROCSTREAM_DELIVERY_UNSET);

  return self->delivery;
}

/**
 * procstream_output_config_set_delivery: (set-property delivery)
 * @self: a configuration
 * @delivery: what happens when a subscriber does not keep up
 *
 * Sets what happens when a subscriber does not keep up, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_delivery (ProcstreamOutputConfig *self,
                                       ProcstreamDelivery      delivery)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (self->delivery == delivery)
    return;
  self->delivery = delivery;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_DELIVERY]);
}

/**
 * procstream_output_config_get_replay: (get-property replay)
 * @self: a configuration
 *
 * Gets what is kept for late subscribers.
 *
 * Returns: what is kept for late subscribers
 *
 * Since: 1.0
 */
ProcstreamReplay
procstream_output_config_get_replay (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), PROCSTREAM_REPLAY_UNSET);

  return self->replay;
}

/**
 * procstream_output_config_set_replay: (set-property replay)
 * @self: a configuration
 * @replay: what is kept for late subscribers
 *
 * Sets what is kept for late subscribers, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_replay (ProcstreamOutputConfig *self,
                                     ProcstreamReplay        replay)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (self->replay == replay)
    return;
  self->replay = replay;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REPLAY]);
}

/**
 * procstream_output_config_get_replay_limit: (get-property replay-limit)
 * @self: a configuration
 *
 * Gets how much is kept for late subscribers.
 *
 * Returns: how much is kept for late subscribers, 0 when unset
 *
 * Since: 1.0
 */
guint64
procstream_output_config_get_replay_limit (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), 0);

  return self->replay_limit;
}

/**
 * procstream_output_config_set_replay_limit: (set-property replay-limit)
 * @self: a configuration
 * @replay_limit: how much is kept for late subscribers
 *
 * Sets how much is kept for late subscribers, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_replay_limit (ProcstreamOutputConfig *self,
                                           guint64                 replay_limit)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (self->replay_limit == replay_limit)
    return;
  self->replay_limit = replay_limit;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REPLAY_LIMIT]);
}

/**
 * procstream_output_config_get_read_chunk_size: (get-property read-chunk-size)
 * @self: a configuration
 *
 * Gets how many bytes one read asks for.
 *
 * Returns: how many bytes one read asks for
 *
 * Since: 1.0
 */
guint
procstream_output_config_get_read_chunk_size (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), 0);

  return self->read_chunk_size;
}

/**
 * procstream_output_config_set_read_chunk_size: (set-property read-chunk-size)
 * @self: a configuration
 * @read_chunk_size: how many bytes one read asks for
 *
 * Sets how many bytes one read asks for, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_read_chunk_size (ProcstreamOutputConfig *self,
                                              guint                   read_chunk_size)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (self->read_chunk_size == read_chunk_size)
    return;
  self->read_chunk_size = read_chunk_size;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READ_CHUNK_SIZE]);
}

/**
 * procstream_output_config_get_max_buffered_chunks: (get-property max-buffered-chunks)
 * @self: a configuration
 *
 * Gets the size of the live window in chunks.
 *
 * Returns: the size of the live window in chunks
 *
 * Since: 1.0
 */
guint
procstream_output_config_get_max_buffered_chunks (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), 0);

  return self->max_buffered_chunks;
}

/**
 * procstream_output_config_set_max_buffered_chunks: (set-property max-buffered-chunks)
 * @self: a configuration
 * @max_buffered_chunks: the size of the live window in chunks
 *
 * Sets the size of the live window in chunks, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_max_buffered_chunks (ProcstreamOutputConfig *self,
                                                  guint                   max_buffered_chunks)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (self->max_buffered_chunks == max_buffered_chunks)
    return;
  self->max_buffered_chunks = max_buffered_chunks;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_BUFFERED_CHUNKS]);
}

/**
 * procstream_output_config_get_max_buffered_bytes: (get-property max-buffered-bytes)
 * @self: a configuration
 *
 * Gets the size of the live window in bytes.
 *
 * Returns: the size of the live window in bytes
 *
 * Since: 1.0
 */
guint64
procstream_output_config_get_max_buffered_bytes (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), 0);

  return self->max_buffered_bytes;
}

/**
 * procstream_output_config_set_max_buffered_bytes: (set-property max-buffered-bytes)
 * @self: a configuration
 * @max_buffered_bytes: the size of the live window in bytes
 *
 * Sets the size of the live window in bytes, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_max_buffered_bytes (ProcstreamOutputConfig *self,
                                                 guint64                 max_buffered_bytes)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (self->max_buffered_bytes == max_buffered_bytes)
    return;
  self->max_buffered_bytes = max_buffered_bytes;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MAX_BUFFERED_BYTES]);
}

/**
 * procstream_output_config_get_reader: (get-property reader)
 * @self: a configuration
 *
 * Gets where the output is read.
 *
 * Returns: where the output is read
 *
 * Since: 1.0
 */
ProcstreamReaderMode
procstream_output_config_get_reader (ProcstreamOutputConfig *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self), PROCSTREAM_READER_MODE_UNSET);

  return self->reader;
}

/**
 * procstream_output_config_set_reader: (set-property reader)
 * @self: a configuration
 * @reader: where the output is read
 *
 * Sets where the output is read, for the outputs made from now on.
 *
 * Since: 1.0
 */
void
procstream_output_config_set_reader (ProcstreamOutputConfig *self,
                                     ProcstreamReaderMode    reader)
{
  g_return_if_fail (PROCSTREAM_IS_OUTPUT_CONFIG (self));

  if (self->reader == reader)
    return;
  self->reader = reader;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READER]);
}
