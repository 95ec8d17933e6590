/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-line-parser.h"

#include "procstream-line-filter-private.h"
#include "procstream-line-splitter-private.h"
#include "procstream-output-config.h"

/**
 * ProcstreamLineParser:
 *
 * Cuts bytes into lines, in the way in which outputs do.
 *
 * It is a plain parser for bytes that come from elsewhere, or from the chunks of an
 * output: it knows no stream and no main loop. Bytes are pushed in pieces of any
 * size; what comes out does not depend on how they were cut.
 *
 * It is reference counted with an atomic count, and otherwise not safe to use
 * from several threads at the same time.
 *
 * Since: 1.0
 */
struct _ProcstreamLineParser
{
  gatomicrefcount         ref_count;
  ProcstreamLineOptions   options;
  ProcstreamLineSplitter *splitter;
  ProcstreamLineFilter   *filter; /* NULL: nothing is to filter */
};

G_DEFINE_BOXED_TYPE (ProcstreamLineParser, procstream_line_parser, procstream_line_parser_ref, procstream_line_parser_unref)

static ProcstreamLineParser *
line_parser_new (const ProcstreamLineOptions *options)
{
  ProcstreamLineParser *self = g_new0 (ProcstreamLineParser, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->options = *options;
  self->splitter = procstream_line_splitter_new (options);
  return self;
}

/**
 * procstream_line_parser_new:
 * @separator: what ends a line; neither %PROCSTREAM_LINE_SEPARATOR_UNSET nor
 *   %PROCSTREAM_LINE_SEPARATOR_CUSTOM
 * @max_length: the limit of a line in bytes, without its separator; at least
 *   %PROCSTREAM_SMALLEST_MAX_LINE_LENGTH
 * @overflow: what happens to longer lines; not %PROCSTREAM_LINE_OVERFLOW_UNSET
 *
 * Makes a parser that stands at the beginning of a line.
 *
 * Returns: (transfer full): a new parser
 *
 * Since: 1.0
 */
ProcstreamLineParser *
procstream_line_parser_new (ProcstreamLineSeparator separator,
                            guint                   max_length,
                            ProcstreamLineOverflow  overflow)
{
  const ProcstreamLineOptions options = { .separator = separator, .max_length = max_length, .overflow = overflow };

  g_return_val_if_fail (separator >= PROCSTREAM_LINE_SEPARATOR_NEWLINE && separator <= PROCSTREAM_LINE_SEPARATOR_NUL, NULL);
  g_return_val_if_fail (max_length >= PROCSTREAM_SMALLEST_MAX_LINE_LENGTH, NULL);
  g_return_val_if_fail (overflow >= PROCSTREAM_LINE_OVERFLOW_SPLIT && overflow <= PROCSTREAM_LINE_OVERFLOW_TRUNCATE, NULL);

  return line_parser_new (&options);
}

/**
 * procstream_line_parser_new_custom:
 * @separator: the bytes that end a line: 1 to %PROCSTREAM_LARGEST_CUSTOM_SEPARATOR of them
 * @max_length: the limit of a line in bytes, without its separator; at least
 *   %PROCSTREAM_SMALLEST_MAX_LINE_LENGTH
 * @overflow: what happens to longer lines; not %PROCSTREAM_LINE_OVERFLOW_UNSET
 *
 * Makes a parser with a separator of one's own.
 *
 * Returns: (transfer full): a new parser
 *
 * Since: 1.0
 */
ProcstreamLineParser *
procstream_line_parser_new_custom (GBytes                *separator,
                                   guint                  max_length,
                                   ProcstreamLineOverflow overflow)
{
  ProcstreamLineOptions options = { .separator = PROCSTREAM_LINE_SEPARATOR_CUSTOM, .max_length = max_length, .overflow = overflow };
  gsize                 size;

  g_return_val_if_fail (separator != NULL, NULL);
  size = g_bytes_get_size (separator);
  g_return_val_if_fail (size > 0 && size <= PROCSTREAM_LARGEST_CUSTOM_SEPARATOR, NULL);
  g_return_val_if_fail (max_length >= PROCSTREAM_SMALLEST_MAX_LINE_LENGTH, NULL);
  g_return_val_if_fail (overflow >= PROCSTREAM_LINE_OVERFLOW_SPLIT && overflow <= PROCSTREAM_LINE_OVERFLOW_TRUNCATE, NULL);

  procstream_line_options_set_custom (&options, separator);
  return line_parser_new (&options);
}

/**
 * procstream_line_parser_ref:
 * @self: a parser
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
ProcstreamLineParser *
procstream_line_parser_ref (ProcstreamLineParser *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * procstream_line_parser_unref:
 * @self: (transfer full): a parser
 *
 * Drops a reference; the last one frees the parser.
 *
 * Since: 1.0
 */
void
procstream_line_parser_unref (ProcstreamLineParser *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  procstream_line_splitter_free (self->splitter);
  g_clear_pointer (&self->filter, procstream_line_filter_free);
  g_free (self);
}

static void
renew_filter (ProcstreamLineParser *self)
{
  g_clear_pointer (&self->filter, procstream_line_filter_free);
  self->filter = procstream_line_filter_new (&self->options);
}

/**
 * procstream_line_parser_set_encoding:
 * @self: a parser to which nothing was pushed yet
 * @encoding: (nullable): the name of a character set, such as `UTF-16LE`; %NULL for
 *   UTF-8
 * @error: return location for an error
 *
 * Sets the encoding of the bytes; see [property@Procstream.OutputConfig:encoding].
 *
 * Returns: %TRUE, or %FALSE with %G_IO_ERROR_NOT_SUPPORTED when there is no
 *   conversion from it
 *
 * Since: 1.0
 */
gboolean
procstream_line_parser_set_encoding (ProcstreamLineParser *self,
                                     const char           *encoding,
                                     GError              **error)
{
  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (encoding && !procstream_line_filter_check_encoding (encoding, error))
    return FALSE;
  self->options.encoding = g_intern_string (encoding);
  renew_filter (self);
  return TRUE;
}

/**
 * procstream_line_parser_set_strip_escapes:
 * @self: a parser to which nothing was pushed yet
 * @strip_escapes: whether to take escape sequences out
 *
 * Sets whether escape sequences of terminals are taken out; see
 * [property@Procstream.OutputConfig:strip-escapes].
 *
 * Since: 1.0
 */
void
procstream_line_parser_set_strip_escapes (ProcstreamLineParser *self,
                                          gboolean              strip_escapes)
{
  g_return_if_fail (self != NULL);

  self->options.strip_escapes = strip_escapes;
  renew_filter (self);
}

/* Copies each line, since a caller owns each of them. */
static char **
to_strv (ProcstreamLineBatch *batch)
{
  char **lines = batch ? g_strdupv (batch->lines) : g_new0 (char *, 1);

  g_clear_pointer (&batch, procstream_line_batch_unref);
  return lines;
}

/* Both arrays in one; @first may be NULL. */
static char **
join (char ***first,
      char  **second)
{
  g_autofree char **rest = second;
  GPtrArray        *all;

  if (*first == NULL || **first == NULL)
    return g_steal_pointer (&rest);
  all = g_ptr_array_new ();
  for (char **line = *first; *line; line++)
    g_ptr_array_add (all, *line);
  for (char **line = rest; *line; line++)
    g_ptr_array_add (all, *line);
  g_ptr_array_add (all, NULL);
  g_clear_pointer (first, g_free);
  return (char **) g_ptr_array_free (all, FALSE);
}

/**
 * procstream_line_parser_push:
 * @self: a parser
 * @bytes: bytes that follow those that were pushed before
 *
 * Adds bytes.
 *
 * Returns: (transfer full) (array zero-terminated=1): the lines that are complete
 *   now, valid UTF-8 without their separators; often none
 *
 * Since: 1.0
 */
char **
procstream_line_parser_push (ProcstreamLineParser *self,
                             GBytes               *bytes)
{
  gsize         size;
  const guint8 *data;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (bytes != NULL, NULL);

  data = g_bytes_get_data (bytes, &size);
  if (self->filter)
    data = procstream_line_filter_push (self->filter, data, size, &size);
  return to_strv (size > 0 ? procstream_line_splitter_push_batch (self->splitter, data, size, NULL) : NULL);
}

/**
 * procstream_line_parser_gap:
 * @self: a parser
 * @at_line_start: whether what comes next begins a line
 *
 * Tells that bytes are missing here. The unfinished line is dropped and its
 * bytes are counted; unless @at_line_start, so is all up to the next separator.
 *
 * Since: 1.0
 */
void
procstream_line_parser_gap (ProcstreamLineParser *self,
                            gboolean              at_line_start)
{
  g_return_if_fail (self != NULL);

  if (self->filter)
    {
      gsize size;

      procstream_line_filter_gap (self->filter, 0, NULL, 0, &size);
    }
  procstream_line_splitter_gap (self->splitter, at_line_start);
}

/**
 * procstream_line_parser_finish:
 * @self: a parser
 *
 * Tells that nothing more comes. The parser then stands at the beginning of
 * a line and may be used for other bytes.
 *
 * Returns: (transfer full) (array zero-terminated=1): the last line, if it had no separator;
 *   more than one if it was split
 *
 * Since: 1.0
 */
char **
procstream_line_parser_finish (ProcstreamLineParser *self)
{
  g_auto (GStrv) before = NULL;
  gsize size = 0;

  g_return_val_if_fail (self != NULL, NULL);

  if (self->filter)
    {
      const guint8 *rest = procstream_line_filter_finish (self->filter, &size);

      before = to_strv (size > 0 ? procstream_line_splitter_push_batch (self->splitter, rest, size, NULL) : NULL);
    }
  /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): before has no lines then, and is freed with its scope */
  return join (&before, to_strv (procstream_line_splitter_push_batch (self->splitter, NULL, 0, NULL)));
}

/**
 * procstream_line_parser_get_bytes_lost:
 * @self: a parser
 *
 * Gets how many bytes were dropped: of lines that a gap tore apart, of
 * lines that were truncated, and those that were not valid in an encoding that was set.
 *
 * Returns: a number of bytes
 *
 * Since: 1.0
 */
guint64
procstream_line_parser_get_bytes_lost (ProcstreamLineParser *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return procstream_line_splitter_get_bytes_lost (self->splitter) +
         (self->filter ? procstream_line_filter_get_bytes_invalid (self->filter) : 0);
}
