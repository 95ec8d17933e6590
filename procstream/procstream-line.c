/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line.h"

#include "procstream-line-private.h"
#include "procstream-valid-text-private.h"

#include <string.h>

/**
 * ProcstreamLine:
 *
 * One line of an output: its text, its bytes, and where and when it came.
 *
 * A line never changes, so it may be kept and read in any thread.
 *
 * Exactly one of three things ended it: a separator
 * ([property@Procstream.Line:terminated]), the limit of the length
 * ([property@Procstream.Line:cut]), or, when it is neither, the end of the output.
 *
 * Since: 1.0
 */

/*
 * Everything is set by whoever makes it and never again; so there is no lock and nothing is notified.
 *
 * bytes has one more byte than it shows, a NUL: where nothing is to repair, and that is nearly always, text is the same memory.
 * stream is shared by all lines of the same name.
 */
struct _ProcstreamLine
{
  GObject parent_instance;

  GBytes           *bytes;
  const char       *text;     /* of bytes, or repaired */
  char             *repaired; /* NULL: nothing was to repair */
  char             *stream;   /* a reference counted string */
  guint64           number;
  gint64            time_us;
  ProcstreamLineEnd end;
  gboolean          torn;
  guint64           chunks_lost; /* 0, but for what stands for a gap */
  guint64           bytes_lost;
};

G_DEFINE_FINAL_TYPE (ProcstreamLine, procstream_line, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_TEXT,
  PROP_BYTES,
  PROP_NUMBER,
  PROP_TIME_US,
  PROP_STREAM,
  PROP_TERMINATED,
  PROP_CUT,
  PROP_TORN,
  PROP_CHUNKS_LOST,
  PROP_BYTES_LOST,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

static void
set_text (ProcstreamLine *self,
          const char     *data,
          gsize           size)
{
  self->text = data;
  if (g_utf8_validate_len (data, size, NULL))
    return;
  self->repaired = procstream_valid_text_new (data, size);
  self->text = self->repaired;
}

ProcstreamLine *
procstream_line_new (gconstpointer     data,
                     gsize             size,
                     guint64           number,
                     gint64            time_us,
                     const char       *stream,
                     ProcstreamLineEnd end)
{
  ProcstreamLine *self = g_object_new (PROCSTREAM_TYPE_LINE, NULL);
  char           *copy = g_malloc (size + 1);

  if (size > 0)
    memcpy (copy, data, size);
  copy[size] = '\0';
  self->bytes = g_bytes_new_with_free_func (copy, size, g_free, copy);
  set_text (self, copy, size);
  self->stream = g_ref_string_new_intern (stream);
  self->number = number;
  self->time_us = time_us;
  self->end = end;
  return self;
}

void
procstream_line_set_torn (ProcstreamLine *self,
                          gboolean        torn)
{
  self->torn = torn;
}

char *
procstream_line_describe_gap (guint64 bytes)
{
  return g_strdup_printf ("[%" G_GUINT64_FORMAT " bytes lost]", bytes);
}

ProcstreamLine *
procstream_line_new_gap (guint64     chunks,
                         guint64     bytes,
                         gint64      time_us,
                         const char *stream)
{
  g_autofree char *text = procstream_line_describe_gap (bytes);
  ProcstreamLine  *self = procstream_line_new (text, strlen (text), 0, time_us, stream, PROCSTREAM_LINE_END_SEPARATOR);

  self->chunks_lost = chunks;
  self->bytes_lost = bytes;
  return self;
}

static void
procstream_line_finalize (GObject *object)
{
  ProcstreamLine *self = PROCSTREAM_LINE (object);

  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->repaired);
  g_clear_pointer (&self->stream, g_ref_string_release);
  G_OBJECT_CLASS (procstream_line_parent_class)->finalize (object);
}

static void
procstream_line_get_property (GObject    *object,
                              guint       property_id,
                              GValue     *value,
                              GParamSpec *pspec)
{
  ProcstreamLine *self = PROCSTREAM_LINE (object);

  switch (property_id)
    {
    case PROP_TEXT:
      g_value_set_string (value, self->text);
      break;
    case PROP_BYTES:
      g_value_set_boxed (value, self->bytes);
      break;
    case PROP_NUMBER:
      g_value_set_uint64 (value, self->number);
      break;
    case PROP_TIME_US:
      g_value_set_int64 (value, self->time_us);
      break;
    case PROP_STREAM:
      g_value_set_string (value, self->stream);
      break;
    case PROP_TERMINATED:
      g_value_set_boolean (value, procstream_line_get_terminated (self));
      break;
    case PROP_CUT:
      g_value_set_boolean (value, procstream_line_get_cut (self));
      break;
    case PROP_TORN:
      g_value_set_boolean (value, procstream_line_get_torn (self));
      break;
    case PROP_CHUNKS_LOST:
      g_value_set_uint64 (value, self->chunks_lost);
      break;
    case PROP_BYTES_LOST:
      g_value_set_uint64 (value, self->bytes_lost);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_line_class_init (ProcstreamLineClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_line_finalize;
  object_class->get_property = procstream_line_get_property;

  /**
   * ProcstreamLine:text: (getter get_text)
   *
   * The line as text: valid UTF-8 without its separator, in which bytes that are
   * not valid, and NUL, have become U+FFFD.
   *
   * Since: 1.0
   */
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, readable);
  /**
   * ProcstreamLine:bytes: (getter get_bytes)
   *
   * The line as it was cut, byte for byte, without its separator.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES] = g_param_spec_boxed ("bytes", NULL, NULL, G_TYPE_BYTES, readable);
  /**
   * ProcstreamLine:number: (getter get_number)
   *
   * Which of the lines it is that this subscriber was given, from 1. Where the
   * subscriber missed something, or was attached late, that is not the number of the line in
   * the output. Each piece of a line that is longer than the limit counts.
   *
   * Since: 1.0
   */
  properties[PROP_NUMBER] = g_param_spec_uint64 ("number", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLine:time-us: (getter get_time_us)
   *
   * When the bytes arrived that completed the line, in microseconds of
   * [func@GLib.get_monotonic_time]: the time of the chunk that it ended in.
   *
   * Since: 1.0
   */
  properties[PROP_TIME_US] = g_param_spec_int64 ("time-us", NULL, NULL, G_MININT64, G_MAXINT64, 0, readable);
  /**
   * ProcstreamLine:stream: (getter get_stream)
   *
   * The name of the output that it came from: `stdout`, `stderr`, or
   * [property@Procstream.Output:name].
   *
   * Since: 1.0
   */
  properties[PROP_STREAM] = g_param_spec_string ("stream", NULL, NULL, NULL, readable);
  /**
   * ProcstreamLine:terminated: (getter get_terminated)
   *
   * Whether a separator ended it.
   *
   * Since: 1.0
   */
  properties[PROP_TERMINATED] = g_param_spec_boolean ("terminated", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamLine:cut: (getter get_cut)
   *
   * Whether it ends where it does because of the limit of the length: it goes on in the
   * line that follows, or the rest was dropped and counted.
   *
   * Since: 1.0
   */
  properties[PROP_CUT] = g_param_spec_boolean ("cut", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamLine:torn: (getter get_torn)
   *
   * Whether it is the rest of a line whose beginning was not searched: a
   * [class@Procstream.LineWaiter] began in the middle of it, or after a gap. All others
   * leave such a rest out, and count its bytes as lost.
   *
   * Since: 1.0
   */
  properties[PROP_TORN] = g_param_spec_boolean ("torn", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamLine:chunks-lost: (getter get_chunks_lost)
   *
   * 0 for a line. In a [class@Procstream.LogModel] that shows gaps, an item may
   * stand for what was lost there: then it is the number of chunks.
   *
   * Since: 1.0
   */
  properties[PROP_CHUNKS_LOST] = g_param_spec_uint64 ("chunks-lost", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamLine:bytes-lost: (getter get_bytes_lost)
   *
   * 0 for a line. In a [class@Procstream.LogModel] that shows gaps, an item may
   * stand for what was lost there: then it is the number of bytes, the text says so
   * too, and the number is 0.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_LOST] = g_param_spec_uint64 ("bytes-lost", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_line_init (ProcstreamLine *self)
{
  self->end = PROCSTREAM_LINE_END_OUTPUT;
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_line_get_text: (get-property text)
 * @self: a line
 *
 * Gets the line as text.
 *
 * Returns: (transfer none): valid UTF-8 without the separator
 *
 * Since: 1.0
 */
const char *
procstream_line_get_text (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), NULL);

  return self->text;
}

/**
 * procstream_line_get_bytes: (get-property bytes)
 * @self: a line
 *
 * Gets the line byte for byte.
 *
 * Returns: (transfer none): the bytes without the separator
 *
 * Since: 1.0
 */
GBytes *
procstream_line_get_bytes (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), NULL);

  return self->bytes;
}

/**
 * procstream_line_get_number: (get-property number)
 * @self: a line
 *
 * Gets which of the lines it is that this subscriber was given.
 *
 * Returns: a number, from 1
 *
 * Since: 1.0
 */
guint64
procstream_line_get_number (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), 0);

  return self->number;
}

/**
 * procstream_line_get_time_us: (get-property time-us)
 * @self: a line
 *
 * Gets when the line was complete.
 *
 * Returns: microseconds of [func@GLib.get_monotonic_time]
 *
 * Since: 1.0
 */
gint64
procstream_line_get_time_us (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), 0);

  return self->time_us;
}

/**
 * procstream_line_get_stream: (get-property stream)
 * @self: a line
 *
 * Gets the name of the output that it came from.
 *
 * Returns: (transfer none): a name
 *
 * Since: 1.0
 */
const char *
procstream_line_get_stream (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), NULL);

  return self->stream;
}

/**
 * procstream_line_get_terminated: (get-property terminated)
 * @self: a line
 *
 * Gets whether a separator ended it.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
procstream_line_get_terminated (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), FALSE);

  return self->end == PROCSTREAM_LINE_END_SEPARATOR;
}

/**
 * procstream_line_get_cut: (get-property cut)
 * @self: a line
 *
 * Gets whether the limit of the length ended it.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
procstream_line_get_cut (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), FALSE);

  return self->end == PROCSTREAM_LINE_END_LIMIT;
}

/**
 * procstream_line_get_torn: (get-property torn)
 * @self: a line
 *
 * Gets whether its beginning is missing.
 *
 * Returns: %TRUE if so
 *
 * Since: 1.0
 */
gboolean
procstream_line_get_torn (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), FALSE);

  return self->torn;
}

/**
 * procstream_line_get_chunks_lost: (get-property chunks-lost)
 * @self: a line
 *
 * Gets how many chunks were lost where it stands.
 *
 * Returns: a number of chunks, 0 for a line
 *
 * Since: 1.0
 */
guint64
procstream_line_get_chunks_lost (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), 0);

  return self->chunks_lost;
}

/**
 * procstream_line_get_bytes_lost: (get-property bytes-lost)
 * @self: a line
 *
 * Gets how many bytes were lost where it stands.
 *
 * Returns: a number of bytes, 0 for a line
 *
 * Since: 1.0
 */
guint64
procstream_line_get_bytes_lost (ProcstreamLine *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_LINE (self), 0);

  return self->bytes_lost;
}
