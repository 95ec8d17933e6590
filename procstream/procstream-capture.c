/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-capture.h"

#include "procstream-capture-private.h"
#include "procstream-line-count-private.h"
#include "procstream-valid-text-private.h"

#include <string.h>

/**
 * ProcstreamCapture:
 *
 * What one output of a child wrote, as a [class@Procstream.Result] has it.
 *
 * A capture never changes, so it may be kept and read in any thread.
 *
 * Since: 1.0
 */

/* Everything is set in the constructor and never again; the text is made when somebody asks for it. */
struct _ProcstreamCapture
{
  GObject parent_instance;

  ProcstreamCaptureFacts facts;
  char                  *text; /* atomic */
};

G_DEFINE_FINAL_TYPE (ProcstreamCapture, procstream_capture, G_TYPE_OBJECT)

enum
{
  PROP_0,
  PROP_BYTES,
  PROP_TEXT,
  PROP_BYTES_SEEN,
  PROP_BYTES_CUT,
  PROP_BYTES_LOST,
  PROP_BYTES_MISSED,
  PROP_GAPS,
  PROP_LINES_SEEN,
  PROP_LINES_CUT,
  PROP_ENDED,
  PROP_TRUNCATED,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

ProcstreamCapture *
procstream_capture_new (ProcstreamCaptureFacts *facts)
{
  ProcstreamCapture *self = g_object_new (PROCSTREAM_TYPE_CAPTURE, NULL);

  g_bytes_unref (self->facts.bytes);
  self->facts = *facts;
  return self;
}

static void
procstream_capture_finalize (GObject *object)
{
  ProcstreamCapture *self = PROCSTREAM_CAPTURE (object);

  g_clear_pointer (&self->facts.bytes, g_bytes_unref);
  g_clear_error (&self->facts.read_error);
  g_free (self->text);
  G_OBJECT_CLASS (procstream_capture_parent_class)->finalize (object);
}

static void
procstream_capture_get_property (GObject    *object,
                                 guint       property_id,
                                 GValue     *value,
                                 GParamSpec *pspec)
{
  ProcstreamCapture *self = PROCSTREAM_CAPTURE (object);

  switch (property_id)
    {
    case PROP_BYTES:
      g_value_set_boxed (value, procstream_capture_get_bytes (self));
      break;
    case PROP_TEXT:
      g_value_set_string (value, procstream_capture_get_text (self));
      break;
    case PROP_BYTES_SEEN:
      g_value_set_uint64 (value, procstream_capture_get_bytes_seen (self));
      break;
    case PROP_BYTES_CUT:
      g_value_set_uint64 (value, procstream_capture_get_bytes_cut (self));
      break;
    case PROP_BYTES_LOST:
      g_value_set_uint64 (value, procstream_capture_get_bytes_lost (self));
      break;
    case PROP_BYTES_MISSED:
      g_value_set_uint64 (value, procstream_capture_get_bytes_missed (self));
      break;
    case PROP_GAPS:
      g_value_set_uint64 (value, procstream_capture_get_gaps (self));
      break;
    case PROP_LINES_SEEN:
      g_value_set_uint64 (value, procstream_capture_get_lines_seen (self));
      break;
    case PROP_LINES_CUT:
      g_value_set_uint64 (value, procstream_capture_get_lines_cut (self));
      break;
    case PROP_ENDED:
      g_value_set_boolean (value, procstream_capture_get_ended (self));
      break;
    case PROP_TRUNCATED:
      g_value_set_boolean (value, procstream_capture_get_truncated (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_capture_class_init (ProcstreamCaptureClass *klass)
{
  GObjectClass     *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = procstream_capture_finalize;
  object_class->get_property = procstream_capture_get_property;

  /**
   * ProcstreamCapture:bytes: (getter get_bytes)
   *
   * The bytes that were kept: the first ones, or the last ones, of what came.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES] = g_param_spec_boxed ("bytes", NULL, NULL, G_TYPE_BYTES, readable);
  /**
   * ProcstreamCapture:text: (getter get_text)
   *
   * The same as text: invalid UTF-8, and NUL, are replaced by U+FFFD.
   *
   * Since: 1.0
   */
  properties[PROP_TEXT] = g_param_spec_string ("text", NULL, NULL, NULL, readable);
  /**
   * ProcstreamCapture:bytes-seen: (getter get_bytes_seen)
   *
   * How many bytes came, kept or not.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_SEEN] = g_param_spec_uint64 ("bytes-seen", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCapture:bytes-cut: (getter get_bytes_cut)
   *
   * How many bytes came and were not kept, because there were more than the
   * limit allows.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_CUT] = g_param_spec_uint64 ("bytes-cut", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCapture:bytes-lost: (getter get_bytes_lost)
   *
   * How many bytes went by before they could be taken, because the output is
   * lossy.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_LOST] = g_param_spec_uint64 ("bytes-lost", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCapture:bytes-missed: (getter get_bytes_missed)
   *
   * How many bytes had gone by when the output began to be collected: it was asked for when
   * the child had written already, and [enum@Procstream.Replay] had not kept that. They
   * are the first ones; none of them is in
   * [property@Procstream.Capture:bytes-seen] or [property@Procstream.Capture:bytes-lost].
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_MISSED] = g_param_spec_uint64 ("bytes-missed", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCapture:gaps: (getter get_gaps)
   *
   * How many times bytes were lost.
   *
   * Since: 1.0
   */
  properties[PROP_GAPS] = g_param_spec_uint64 ("gaps", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCapture:lines-seen: (getter get_lines_seen)
   *
   * How many lines came, kept or not: as many as there were line feeds, and one more
   * where the last line has none. Of two lines with a gap between
   * them only what came is counted, which can be one.
   *
   * Since: 1.0
   */
  properties[PROP_LINES_SEEN] = g_param_spec_uint64 ("lines-seen", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCapture:lines-cut: (getter get_lines_cut)
   *
   * How many of these lines were not kept, not even in part.
   *
   * Since: 1.0
   */
  properties[PROP_LINES_CUT] = g_param_spec_uint64 ("lines-cut", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamCapture:ended: (getter get_ended)
   *
   * Whether the output came to its end while it was captured. It has not when
   * somebody held it open for longer than was waited, or it could not be read to its end.
   *
   * Since: 1.0
   */
  properties[PROP_ENDED] = g_param_spec_boolean ("ended", NULL, NULL, FALSE, readable);
  /**
   * ProcstreamCapture:truncated: (getter get_truncated)
   *
   * Whether this is not all of what was written: bytes were cut, lost or missed, whether others
   * have them or not, or the output has not ended.
   *
   * Since: 1.0
   */
  properties[PROP_TRUNCATED] = g_param_spec_boolean ("truncated", NULL, NULL, FALSE, readable);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_capture_init (ProcstreamCapture *self)
{
  /* Languages can construct one of no output: it has nothing. */
  self->facts.bytes = g_bytes_new_static (NULL, 0);
}

/**
 * procstream_capture_get_bytes: (get-property bytes)
 * @self: a capture
 *
 * Gets the bytes that were kept.
 *
 * Returns: (transfer none): the bytes
 *
 * Since: 1.0
 */
GBytes *
procstream_capture_get_bytes (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), NULL);

  return self->facts.bytes;
}

static char *
make_text (GBytes *bytes)
{
  gsize       size;
  const char *data = g_bytes_get_data (bytes, &size);

  return procstream_valid_text_new (data, size);
}

/**
 * procstream_capture_get_text: (get-property text)
 * @self: a capture
 *
 * Gets the bytes that were kept as text.
 *
 * Returns: (transfer none): the text
 *
 * Since: 1.0
 */
const char *
procstream_capture_get_text (ProcstreamCapture *self)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), NULL);

  if (g_atomic_pointer_get (&self->text) == NULL)
    {
      text = make_text (self->facts.bytes);
      if (g_atomic_pointer_compare_and_exchange (&self->text, NULL, text))
        text = NULL;
    }
  return g_atomic_pointer_get (&self->text);
}

/**
 * procstream_capture_get_bytes_seen: (get-property bytes-seen)
 * @self: a capture
 *
 * Gets how many bytes came.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_capture_get_bytes_seen (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), 0);

  return self->facts.bytes_seen;
}

/**
 * procstream_capture_get_bytes_cut: (get-property bytes-cut)
 * @self: a capture
 *
 * Gets how many bytes were not kept.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_capture_get_bytes_cut (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), 0);

  return self->facts.bytes_cut;
}

/**
 * procstream_capture_get_bytes_lost: (get-property bytes-lost)
 * @self: a capture
 *
 * Gets how many bytes went by.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_capture_get_bytes_lost (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), 0);

  return self->facts.bytes_lost;
}

/**
 * procstream_capture_get_bytes_missed: (get-property bytes-missed)
 * @self: a capture
 *
 * Gets how many bytes had gone by when the output began to be collected.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_capture_get_bytes_missed (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), 0);

  return self->facts.bytes_missed;
}

/**
 * procstream_capture_get_gaps: (get-property gaps)
 * @self: a capture
 *
 * Gets how many times bytes were lost.
 *
 * Returns: the number of gaps
 *
 * Since: 1.0
 */
guint64
procstream_capture_get_gaps (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), 0);

  return self->facts.gaps;
}

/**
 * procstream_capture_get_lines_seen: (get-property lines-seen)
 * @self: a capture
 *
 * Gets how many lines came.
 *
 * Returns: the number of lines
 *
 * Since: 1.0
 */
guint64
procstream_capture_get_lines_seen (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), 0);

  return self->facts.lines_seen;
}

/**
 * procstream_capture_get_lines_cut: (get-property lines-cut)
 * @self: a capture
 *
 * Gets how many lines were not kept.
 *
 * Returns: the number of lines
 *
 * Since: 1.0
 */
guint64
procstream_capture_get_lines_cut (ProcstreamCapture *self)
{
  gsize         size;
  const guint8 *data;

  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), 0);

  data = g_bytes_get_data (self->facts.bytes, &size);
  return self->facts.lines_seen - procstream_line_count (data, size);
}

/**
 * procstream_capture_get_ended: (get-property ended)
 * @self: a capture
 *
 * Gets whether the output came to its end.
 *
 * Returns: %TRUE when it ended
 *
 * Since: 1.0
 */
gboolean
procstream_capture_get_ended (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), FALSE);

  return self->facts.ended;
}

/**
 * procstream_capture_get_truncated: (get-property truncated)
 * @self: a capture
 *
 * Gets whether something is missing.
 *
 * Returns: %TRUE when something is missing
 *
 * Since: 1.0
 */
gboolean
procstream_capture_get_truncated (ProcstreamCapture *self)
{
  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), FALSE);

  return self->facts.bytes_cut > 0 || self->facts.bytes_lost > 0 || self->facts.bytes_missed > 0 || !self->facts.ended;
}

static void
add_count (GStrvBuilder *reasons,
           guint64       n_bytes,
           const char   *name,
           const char   *what)
{
  g_autofree char *reason = g_strdup_printf ("%" G_GUINT64_FORMAT " bytes of %s %s", n_bytes, name, what);

  g_strv_builder_add (reasons, reason);
}

static void
add_open (GStrvBuilder *reasons,
          const char   *name)
{
  g_autofree char *reason = g_strdup_printf ("%s was still open", name);

  g_strv_builder_add (reasons, reason);
}

/* All that is missing: one reason does not explain another. */
char *
procstream_capture_describe_missing (ProcstreamCapture *self,
                                     const char        *name)
{
  const ProcstreamCaptureFacts *facts = &self->facts;

  g_autoptr (GStrvBuilder) reasons = g_strv_builder_new ();
  g_auto (GStrv) texts = NULL;

  if (facts->bytes_missed > 0)
    add_count (reasons, facts->bytes_missed, name,
               "came before it was collected (begin to complete before the child can write, or have replay keep all)");
  if (facts->bytes_lost > 0)
    add_count (reasons, facts->bytes_lost, name, "were lost");
  if (facts->bytes_cut > 0)
    add_count (reasons, facts->bytes_cut, name, "were not kept");
  if (facts->read_error)
    g_strv_builder_add (reasons, facts->read_error->message);
  else if (!facts->ended)
    add_open (reasons, name);
  texts = g_strv_builder_end (reasons);
  return texts[0] ? g_strjoinv (", ", texts) : NULL;
}

/**
 * procstream_capture_dup_lines:
 * @self: a capture
 *
 * Makes lines of the text: without their LF or CRLF, the last one also where it has
 * none.
 *
 * Returns: (transfer full) (array zero-terminated=1): the lines
 *
 * Since: 1.0
 */
char **
procstream_capture_dup_lines (ProcstreamCapture *self)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *at;

  g_return_val_if_fail (PROCSTREAM_IS_CAPTURE (self), NULL);

  at = procstream_capture_get_text (self);
  while (*at)
    {
      const char      *end = strchrnul (at, '\n');
      const char      *last = end > at && *end && end[-1] == '\r' ? end - 1 : end;
      g_autofree char *line = g_strndup (at, last - at);

      g_strv_builder_add (builder, line);
      at = *end ? end + 1 : end;
    }
  return g_strv_builder_end (builder);
}
