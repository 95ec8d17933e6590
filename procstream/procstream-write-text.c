/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-write-text-private.h"

#include <string.h>

/*
 * Bytes are handed on without a copy, one item for each chunk. Lines are one item each, with what belongs to it: copied into the text
 * of the batch, or, where nothing belongs to them but the line feed that they have, where they stand. in_line is kept for bytes alone, where a marker may have to begin a line of its own.
 *
 * A marker for a gap comes before what follows the gap, so it waits (gap_bytes is not 0) until there is that, or the end: for lines,
 * what the gap tore off is then known as well and counted in.
 */

/* --- The prefix --------------------------------------------------------------------------------------------------------------- */

gboolean
procstream_write_text_check_prefix (const char *prefix,
                                    GError    **error)
{
  for (const char *p = strchr (prefix, '%'); p; p = strchr (p + 2, '%'))
    {
      if (p[1] != '\0' && strchr ("%dtnp", p[1]))
        continue;
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "The property “prefix” of the writer must have one of “%%d”, “%%t”, “%%n”, “%%p” and “%%%%” where it has a “%%”, not “%.2s”", p);
      return FALSE;
    }
  return TRUE;
}

/* A merged output has lines of two streams. */
static const char *
get_stream_name (ProcstreamWriteText *self)
{
  const char *name = procstream_stream_get_name (self->cursor.stream);

  return name ? name : self->name;
}

static void
append_escape (ProcstreamWriteText *self,
               char                 escape,
               GDateTime           *time)
{
  switch (escape)
    {
    case 'd':
      g_string_append_printf (self->before, "%04d-%02d-%02d", g_date_time_get_year (time), g_date_time_get_month (time),
                              g_date_time_get_day_of_month (time));
      break;
    case 't':
      g_string_append_printf (self->before, "%02d:%02d:%02d.%03d", g_date_time_get_hour (time), g_date_time_get_minute (time),
                              g_date_time_get_second (time), (int) (self->ms % 1000));
      break;
    case 'n':
      g_string_append (self->before, get_stream_name (self));
      break;
    case 'p':
      g_string_append (self->before, self->label);
      break;
    default:
      g_string_append_c (self->before, escape);
    }
}

static void
set_time (ProcstreamWriteText *self,
          gint64               monotonic_us)
{
  if (self->prefix)
    self->ms = (g_get_real_time () - (g_get_monotonic_time () - monotonic_us)) / 1000;
}

/* Once for all lines of the same millisecond: asking for the time zone costs more than writing a line. */
static void
make_prefix (ProcstreamWriteText *self)
{
  g_autoptr (GDateTime) time = NULL;

  if (self->before_ms == self->ms && self->before_stream == self->cursor.stream)
    return;
  self->before_ms = self->ms;
  self->before_stream = self->cursor.stream;
  g_string_set_size (self->before, 0);
  time = g_date_time_new_from_unix_local (self->ms / 1000);
  for (const char *p = self->prefix; *p; p++)
    {
      if (*p != '%')
        g_string_append_c (self->before, *p);
      else
        append_escape (self, *++p, time);
    }
}

/* --- Life --------------------------------------------------------------------------------------------------------------------- */

void
procstream_write_text_init (ProcstreamWriteText         *self,
                            const ProcstreamLineOptions *lines)
{
  procstream_line_cursor_init (&self->cursor, lines);
  self->before = g_string_new (NULL);
  self->before_ms = -1;
  self->ending_size = strlen (self->ending);
  self->verbatim = self->prefix == NULL && strcmp (self->ending, "\n") == 0;
}

void
procstream_write_text_clear (ProcstreamWriteText *self)
{
  procstream_line_cursor_clear (&self->cursor);
  g_clear_pointer (&self->prefix, g_free);
  g_clear_pointer (&self->ending, g_free);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->label, g_free);
  if (self->before)
    g_string_free (g_steal_pointer (&self->before), TRUE);
}

gboolean
procstream_write_text_is_init (ProcstreamWriteText *self)
{
  return self->before != NULL;
}

guint64
procstream_write_text_get_bytes_torn (ProcstreamWriteText *self)
{
  return procstream_line_cursor_get_bytes_lost (&self->cursor);
}

/* --- Items -------------------------------------------------------------------------------------------------------------------- */

void
procstream_write_text_append_marker (ProcstreamWriteText *self,
                                     guint64              bytes,
                                     const char          *what,
                                     GString             *text)
{
  if (self->prefix)
    {
      make_prefix (self);
      g_string_append_len (text, self->before->str, self->before->len);
    }
  g_string_append_printf (text, "[%s: %" G_GUINT64_FORMAT " bytes %s]\n", self->name, bytes, what);
}

static void
mark_gap (ProcstreamWriteText *self)
{
  guint64 torn = procstream_write_text_get_bytes_torn (self) - self->torn_before_gap;
  g_autoptr (GString) text = NULL;

  if (self->gap_bytes == 0 || !self->mark_losses)
    return;
  text = g_string_new (self->in_line ? "\n" : NULL);
  procstream_write_text_append_marker (self, self->gap_bytes + torn, "lost", text);
  procstream_write_batch_add_text (self->batch, text->str, text->len);
  procstream_write_batch_end_item (self->batch);
  self->gap_bytes = 0;
  self->in_line = FALSE;
}

/* Most lines are written from where they were read to, those that follow each other as one. */
static gboolean
add_as_it_stands (ProcstreamWriteText *self,
                  const guint8        *data,
                  gsize                size)
{
  ProcstreamChunk *chunk = self->chunk;

  if (chunk == NULL || data < chunk->data || data + size >= chunk->data + chunk->size || data[size] != '\n')
    return FALSE;
  procstream_write_batch_add_slice (self->batch, chunk, data - chunk->data, size + 1);
  procstream_write_batch_end_item (self->batch);
  return TRUE;
}

static void
line_cb (gpointer      user_data,
         const guint8 *data,
         gsize         size,
         gboolean      plain)
{
  ProcstreamWriteText *self = user_data;
  gsize                before;
  guint8              *space;

  if (self->gap_bytes > 0)
    mark_gap (self);
  if (self->verbatim && add_as_it_stands (self, data, size))
    return;
  if (self->prefix)
    make_prefix (self);
  before = self->before->len;
  space = procstream_write_batch_add_space (self->batch, before + size + self->ending_size);
  memcpy (space, self->before->str, before);
  memcpy (space + before, data, size);
  memcpy (space + before + size, self->ending, self->ending_size);
  procstream_write_batch_end_item (self->batch);
}

void
procstream_write_text_chunk (ProcstreamWriteText  *self,
                             ProcstreamChunk      *chunk,
                             ProcstreamWriteBatch *batch)
{
  self->batch = batch;
  if (self->mode == PROCSTREAM_WRITE_MODE_LINES)
    {
      set_time (self, chunk->time_us);
      self->chunk = chunk;
      procstream_line_cursor_push (&self->cursor, chunk, line_cb, self);
      self->chunk = NULL;
      return;
    }
  mark_gap (self);
  procstream_write_batch_add_chunk (batch, chunk);
  self->in_line = chunk->data[chunk->size - 1] != '\n';
}

void
procstream_write_text_gap (ProcstreamWriteText  *self,
                           guint64               bytes,
                           ProcstreamWriteBatch *batch)
{
  set_time (self, g_get_monotonic_time ());
  if (self->gap_bytes == 0)
    self->torn_before_gap = procstream_write_text_get_bytes_torn (self);
  self->gap_bytes += bytes;
  if (self->mode == PROCSTREAM_WRITE_MODE_LINES)
    procstream_line_cursor_gap (&self->cursor);
}

void
procstream_write_text_end (ProcstreamWriteText  *self,
                           ProcstreamWriteBatch *batch)
{
  self->batch = batch;
  if (self->mode == PROCSTREAM_WRITE_MODE_LINES)
    procstream_line_cursor_finish (&self->cursor, line_cb, self);
  mark_gap (self);
}
