/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-chunk-info.h"

#include "procstream-chunk-info-private.h"

/**
 * ProcstreamChunkInfo:
 *
 * One chunk of an output, with what is known of it: where its bytes stand, when they
 * arrived, and which stream they are of.
 *
 * It is handed out by [signal@Procstream.Output::chunk-info],
 * [vfunc@Procstream.Consumer.chunk_info] and [method@Procstream.Reader.next_info], and
 * costs something only where one of them is used.
 *
 * No two chunks of a program have the same time: chunks of several outputs that are
 * sorted by [property@Procstream.ChunkInfo:time-us] are in the order in which they
 * arrived. That is not always the order in which a child wrote them: see
 * [property@Procstream.Launcher:exact-order].
 *
 * An info never changes, so it may be kept and read in any thread.
 *
 * Since: 1.0
 */

/* Everything is set in the constructor and never again; so there is no lock and nothing is notified. */
struct _ProcstreamChunkInfo
{
  GObject parent_instance;

  GBytes              *bytes;
  ProcstreamChunkPlace place;
  char                *stream; /* a reference counted string */
};

G_DEFINE_FINAL_TYPE (ProcstreamChunkInfo, procstream_chunk_info, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_BYTES,
  PROP_STREAM,
  PROP_SEQUENCE,
  PROP_OFFSET,
  PROP_STREAM_OFFSET,
  PROP_TIME_US,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

ProcstreamChunkPlace
procstream_chunk_get_place (ProcstreamChunk *self,
                            gsize            from)
{
  return (ProcstreamChunkPlace){
    .stream = self->stream,
    .sequence = self->sequence,
    .offset = self->offset + from,
    .stream_offset = procstream_chunk_get_stream_offset (self) + from,
    .time_us = self->time_us,
  };
}

ProcstreamChunkInfo *
procstream_chunk_info_new (GBytes                     *bytes,
                           const ProcstreamChunkPlace *place,
                           const char                 *output)
{
  ProcstreamChunkInfo *self = g_object_new (PROCSTREAM_TYPE_CHUNK_INFO, NULL);

  self->bytes = bytes;
  self->place = *place;
  self->stream = g_ref_string_new_intern (place->stream ? procstream_stream_get_name (place->stream) : output);
  return self;
}

ProcstreamChunkInfo *
procstream_chunk_info_new_for_chunk (ProcstreamChunk *chunk,
                                     const char      *output)
{
  const ProcstreamChunkPlace place = procstream_chunk_get_place (chunk, 0);

  return procstream_chunk_info_new (procstream_chunk_to_bytes (chunk), &place, output);
}

static void
procstream_chunk_info_finalize (GObject *object)
{
  ProcstreamChunkInfo *self = PROCSTREAM_CHUNK_INFO (object);

  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_clear_pointer (&self->stream, g_ref_string_release);
  G_OBJECT_CLASS (procstream_chunk_info_parent_class)->finalize (object);
}

static void
procstream_chunk_info_get_property (GObject    *object,
                                    guint       property_id,
                                    GValue     *value,
                                    GParamSpec *pspec)
{
  ProcstreamChunkInfo *self = PROCSTREAM_CHUNK_INFO (object);

  switch (property_id)
    {
    case PROP_BYTES:
      g_value_set_boxed (value, self->bytes);
      break;
    case PROP_STREAM:
      g_value_set_string (value, self->stream);
      break;
    case PROP_SEQUENCE:
      g_value_set_uint64 (value, self->place.sequence);
      break;
    case PROP_OFFSET:
      g_value_set_uint64 (value, self->place.offset);
      break;
    case PROP_STREAM_OFFSET:
      g_value_set_uint64 (value, self->place.stream_offset);
      break;
    case PROP_TIME_US:
      g_value_set_int64 (value, self->place.time_us);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_chunk_info_class_init (ProcstreamChunkInfoClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_chunk_info_finalize;
  object_class->get_property = procstream_chunk_info_get_property;

  /**
   * ProcstreamChunkInfo:bytes: (getter get_bytes)
   *
   * The bytes; never empty.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES] = g_param_spec_boxed ("bytes", NULL, NULL, G_TYPE_BYTES, readable);
  /**
   * ProcstreamChunkInfo:stream: (getter get_stream)
   *
   * What the bytes were written to: `stdout` or `stderr` for those of a child, also
   * in a merged output; otherwise [property@Procstream.Output:name].
   *
   * Since: 1.0
   */
  properties[PROP_STREAM] = g_param_spec_string ("stream", NULL, NULL, NULL, readable);
  /**
   * ProcstreamChunkInfo:sequence: (getter get_sequence)
   *
   * Which chunk of its output it is, from 0. Where numbers are missing between two that a
   * subscriber got, it lost the chunks between them.
   *
   * Since: 1.0
   */
  properties[PROP_SEQUENCE] = g_param_spec_uint64 ("sequence", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamChunkInfo:offset: (getter get_offset)
   *
   * How many bytes of its output came before.
   *
   * Since: 1.0
   */
  properties[PROP_OFFSET] = g_param_spec_uint64 ("offset", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamChunkInfo:stream-offset: (getter get_stream_offset)
   *
   * How many bytes of its stream came before. It differs from
   * [property@Procstream.ChunkInfo:offset] in a merged output, where that counts the
   * bytes of both streams.
   *
   * Since: 1.0
   */
  properties[PROP_STREAM_OFFSET] = g_param_spec_uint64 ("stream-offset", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamChunkInfo:time-us: (getter get_time_us)
   *
   * When it arrived, in microseconds of [func@GLib.get_monotonic_time]. Every chunk of a
   * program has a later time than the one that arrived before it; where several arrive
   * within one microsecond, some of them are told a few microseconds late.
   *
   * Since: 1.0
   */
  properties[PROP_TIME_US] = g_param_spec_int64 ("time-us", NULL, NULL, G_MININT64, G_MAXINT64, 0, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_chunk_info_init (ProcstreamChunkInfo *self)
{
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_chunk_info_get_bytes: (get-property bytes)
 * @self: an info
 *
 * Gets the bytes.
 *
 * Returns: (transfer none): the bytes, never empty
 *
 * Since: 1.0
 */
GBytes *
procstream_chunk_info_get_bytes (ProcstreamChunkInfo *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CHUNK_INFO (self), NULL);

  return self->bytes;
}

/**
 * procstream_chunk_info_get_stream: (get-property stream)
 * @self: an info
 *
 * Gets what the bytes were written to.
 *
 * Returns: (transfer none): `stdout`, `stderr`, or the name of the output
 *
 * Since: 1.0
 */
const char *
procstream_chunk_info_get_stream (ProcstreamChunkInfo *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CHUNK_INFO (self), NULL);

  return self->stream;
}

/**
 * procstream_chunk_info_get_sequence: (get-property sequence)
 * @self: an info
 *
 * Gets which chunk of its output it is.
 *
 * Returns: a number, from 0
 *
 * Since: 1.0
 */
guint64
procstream_chunk_info_get_sequence (ProcstreamChunkInfo *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CHUNK_INFO (self), 0);

  return self->place.sequence;
}

/**
 * procstream_chunk_info_get_offset: (get-property offset)
 * @self: an info
 *
 * Gets how many bytes of its output came before.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_chunk_info_get_offset (ProcstreamChunkInfo *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CHUNK_INFO (self), 0);

  return self->place.offset;
}

/**
 * procstream_chunk_info_get_stream_offset: (get-property stream-offset)
 * @self: an info
 *
 * Gets how many bytes of its stream came before.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_chunk_info_get_stream_offset (ProcstreamChunkInfo *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CHUNK_INFO (self), 0);

  return self->place.stream_offset;
}

/**
 * procstream_chunk_info_get_time_us: (get-property time-us)
 * @self: an info
 *
 * Gets when the chunk arrived.
 *
 * Returns: microseconds of the monotonic clock
 *
 * Since: 1.0
 */
gint64
procstream_chunk_info_get_time_us (ProcstreamChunkInfo *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CHUNK_INFO (self), 0);

  return self->place.time_us;
}
