/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-filter-private.h"

#include <gio/gio.h>
#include <string.h>

#include "procstream-escape-stripper-private.h"
#include "procstream-valid-text-private.h"

/*
 * First the encoding, so that what follows sees UTF-8 only. rest holds bytes of a character that is not complete, and never many: what
 * the converter makes nothing of although more follows is not valid.
 *
 * After a gap the bytes before it that are known are sent through, from the beginning of a unit (two bytes of UTF-16) on. So a
 * character that the gap cut in two is whole, and whoever cuts lines learns what came before.
 */
struct _ProcstreamLineFilter
{
  GCharsetConverter *converter; /* NULL: it is UTF-8 */
  gsize              unit;      /* bytes */
  GByteArray        *rest;
  GByteArray        *decoded;
  guint64            invalid;

  gboolean                 strips;
  ProcstreamEscapeStripper stripper;
  GByteArray              *stripped;
};

/* As many bytes of one character as no encoding has. */
#define TOO_MANY 32

gboolean
procstream_line_filter_check_encoding (const char *encoding,
                                       GError    **error)
{
  g_autoptr (GCharsetConverter) converter = g_charset_converter_new ("UTF-8", encoding, error);

  return converter != NULL;
}

/* What one more LF takes: two bytes in UTF-16, with or without a mark at the beginning. */
static gsize
get_unit (const char *encoding)
{
  gsize            one = 0, two = 0;
  g_autofree char *first = g_convert ("\n", 1, encoding, "UTF-8", NULL, &one, NULL);
  g_autofree char *second = g_convert ("\n\n", 2, encoding, "UTF-8", NULL, &two, NULL);

  return first && second && two > one ? two - one : 1;
}

ProcstreamLineFilter *
procstream_line_filter_new (const ProcstreamLineOptions *options)
{
  ProcstreamLineFilter *self;

  if (options->encoding == NULL && !options->strip_escapes)
    return NULL;
  self = g_new0 (ProcstreamLineFilter, 1);
  self->rest = g_byte_array_new ();
  self->decoded = g_byte_array_new ();
  self->stripped = g_byte_array_new ();
  self->strips = options->strip_escapes;
  procstream_escape_stripper_init (&self->stripper, options->encoding != NULL);
  if (options->encoding)
    {
      self->converter = g_charset_converter_new ("UTF-8", options->encoding, NULL);
      self->unit = get_unit (options->encoding);
    }
  return self;
}

void
procstream_line_filter_free (ProcstreamLineFilter *self)
{
  g_clear_object (&self->converter);
  g_byte_array_unref (self->rest);
  g_byte_array_unref (self->decoded);
  g_byte_array_unref (self->stripped);
  g_free (self);
}

guint64
procstream_line_filter_get_bytes_invalid (ProcstreamLineFilter *self)
{
  return self->invalid;
}

/* --- Encodings ---------------------------------------------------------------------------------------------------------------- */

static void
add_replacement (ProcstreamLineFilter *self,
                 gsize                 n_invalid)
{
  g_byte_array_append (self->decoded, (const guint8 *) PROCSTREAM_REPLACEMENT, strlen (PROCSTREAM_REPLACEMENT));
  self->invalid += n_invalid;
}

/* Returns how many of the bytes were dealt with; the others wait for more. */
static gsize
decode (ProcstreamLineFilter *self,
        const guint8         *data,
        gsize                 size)
{
  gsize done = 0;

  while (done < size)
    {
      g_autoptr (GError) error = NULL;
      guint8 out[4096];
      gsize  n_read = 0, n_written = 0;

      g_converter_convert (G_CONVERTER (self->converter), data + done, size - done, out, sizeof out, G_CONVERTER_NO_FLAGS,
                           &n_read, &n_written, &error);
      if (error && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT) && size - done < TOO_MANY)
        break;
      if (error)
        {
          n_read = MIN (self->unit, size - done);
          add_replacement (self, n_read);
        }
      else
        {
          g_byte_array_append (self->decoded, out, n_written);
        }
      done += n_read;
    }
  return done;
}

static void
decode_all (ProcstreamLineFilter *self,
            const guint8         *data,
            gsize                 size)
{
  gsize done;

  if (self->rest->len > 0)
    {
      /* Until the character that was begun is complete, which is soon. */
      gsize n = MIN (size, (gsize) TOO_MANY);
      gsize before = self->rest->len;

      g_byte_array_append (self->rest, data, n);
      done = decode (self, self->rest->data, self->rest->len);
      if (done < before)
        {
          g_byte_array_remove_range (self->rest, 0, done);
          return;
        }
      g_byte_array_set_size (self->rest, 0);
      data += done - before;
      size -= done - before;
    }
  done = decode (self, data, size);
  g_byte_array_append (self->rest, data + done, size - done);
}

/* --- Both --------------------------------------------------------------------------------------------------------------------- */

static const guint8 *
strip (ProcstreamLineFilter *self,
       const guint8         *data,
       gsize                 size,
       gsize                *out_size)
{
  *out_size = size;
  if (!self->strips || procstream_escape_stripper_passes (&self->stripper, data, size))
    return data;
  g_byte_array_set_size (self->stripped, 0);
  procstream_escape_stripper_push (&self->stripper, data, size, self->stripped);
  *out_size = self->stripped->len;
  return self->stripped->data;
}

const guint8 *
procstream_line_filter_push (ProcstreamLineFilter *self,
                             const guint8         *data,
                             gsize                 size,
                             gsize                *out_size)
{
  if (self->converter == NULL)
    return strip (self, data, size, out_size);
  g_byte_array_set_size (self->decoded, 0);
  decode_all (self, data, size);
  return strip (self, self->decoded->data, self->decoded->len, out_size);
}

const guint8 *
procstream_line_filter_gap (ProcstreamLineFilter *self,
                            guint64               offset,
                            const guint8         *before,
                            gsize                 size,
                            gsize                *out_size)
{
  const guint64 invalid = self->invalid;
  const guint8 *out;

  procstream_escape_stripper_reset (&self->stripper);
  if (self->converter)
    {
      const gsize misaligned = (offset - size) % self->unit;
      const gsize skipped = MIN (size, misaligned > 0 ? self->unit - misaligned : 0);

      g_byte_array_set_size (self->rest, 0);
      /* What it knows of the order of bytes stands at the beginning of the stream, and is kept. */
      if (self->unit == 1)
        g_converter_reset (G_CONVERTER (self->converter));
      before += skipped;
      size -= skipped;
    }
  out = procstream_line_filter_push (self, before, size, out_size);
  self->invalid = invalid;
  return out;
}

const guint8 *
procstream_line_filter_finish (ProcstreamLineFilter *self,
                               gsize                *out_size)
{
  g_byte_array_set_size (self->decoded, 0);
  if (self->rest->len > 0)
    add_replacement (self, self->rest->len);
  g_byte_array_set_size (self->rest, 0);
  return strip (self, self->decoded->data, self->decoded->len, out_size);
}
