/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-writer-private.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/*
 * All feeds of a writer run in its thread, one after the other, so that the streams come in the order in which they arrive
 * there. errsv and bytes are written in that thread alone and read in any; after the first failure nothing more is
 * written. user_data is the caller's; the feeds belong to the writer.
 */
struct _ToolWriter
{
  ToolThread *thread;
  int         fd;
  char       *what;
  gboolean    prefix;
  int        *unfinished;
  GSourceFunc failed;
  gpointer    user_data;
  GPtrArray  *feeds;
  GMutex      mutex; /* of errsv and bytes */
  int         errsv;
  guint64     bytes;
};

typedef struct
{
  ToolWriter *writer;
  char       *stream;
  gboolean    announce;
} Feed;

static void
feed_free (gpointer data)
{
  Feed *feed = data;

  g_free (feed->stream);
  g_free (feed);
}

gboolean
tool_write_fully (int         fd,
                  const char *data,
                  gsize       size)
{
  while (size > 0)
    {
      gssize n = write (fd, data, size);

      if (n >= 0)
        {
          data += n;
          size -= n;
        }
      else if (errno == EAGAIN)
        /* Somebody made the description that we share with him non-blocking. */
        poll (&(struct pollfd){ fd, POLLOUT, 0 }, 1, -1);
      else if (errno != EINTR)
        return FALSE;
    }
  return TRUE;
}

/* TRUE when it is over, as consumers say it. */
static gboolean
writer_write (ToolWriter *self,
              const char *data,
              gsize       size)
{
  gboolean over;

  if (tool_writer_get_errno (self))
    return TRUE;
  over = !tool_write_fully (self->fd, data, size);
  g_mutex_lock (&self->mutex);
  if (over)
    self->errsv = errno;
  else
    self->bytes += size;
  if (self->unfinished && size > 0)
    g_atomic_int_set (self->unfinished, data[size - 1] != '\n');
  g_mutex_unlock (&self->mutex);
  if (over)
    tool_call_main (self->failed, self->user_data);
  return over;
}

static gboolean
feed_chunk (gpointer user_data,
            GBytes  *bytes)
{
  Feed       *feed = user_data;
  gsize       size;
  const char *data = g_bytes_get_data (bytes, &size);

  return writer_write (feed->writer, data, size);
}

static void
append_prefix (GString    *text,
               GDateTime  *now,
               const char *stream)
{
  g_string_append_printf (text, "%02d:%02d:%02d.%03d %s | ",
                          g_date_time_get_hour (now), g_date_time_get_minute (now), g_date_time_get_second (now),
                          g_date_time_get_microsecond (now) / 1000, stream);
}

static gboolean
feed_lines (gpointer           user_data,
            const char *const *lines)
{
  Feed *feed = user_data;
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; lines[i]; i++)
    {
      append_prefix (text, now, feed->stream);
      g_string_append (text, lines[i]);
      g_string_append_c (text, '\n');
    }
  return writer_write (feed->writer, text->str, text->len);
}

static gboolean
feed_gap (gpointer user_data,
          guint64  bytes)
{
  Feed *feed = user_data;
  g_autoptr (GString) text = g_string_new (NULL);

  if (!feed->announce)
    return FALSE;
  if (feed->writer->prefix)
    {
      g_autoptr (GDateTime) now = g_date_time_new_now_local ();

      append_prefix (text, now, feed->stream);
    }
  else
    g_string_append_c (text, '\n');
  g_string_append_printf (text, "[%s: %" G_GUINT64_FORMAT " bytes lost]\n", feed->stream, bytes);
  return writer_write (feed->writer, text->str, text->len);
}

static const ToolSinkFuncs byte_funcs = { .chunk = feed_chunk, .gap = feed_gap };
static const ToolSinkFuncs line_funcs = { .lines = feed_lines, .gap = feed_gap };

ToolWriter *
tool_writer_new (ToolThread *thread,
                 int         fd,
                 const char *what,
                 gboolean    prefix,
                 int        *unfinished,
                 GSourceFunc failed,
                 gpointer    user_data)
{
  ToolWriter *self = g_new0 (ToolWriter, 1);

  self->thread = thread;
  self->fd = fd;
  self->what = g_strdup (what);
  self->prefix = prefix;
  self->unfinished = unfinished;
  self->failed = failed;
  self->user_data = user_data;
  self->feeds = g_ptr_array_new_with_free_func (feed_free);
  g_mutex_init (&self->mutex);
  return self;
}

void
tool_writer_free (ToolWriter *self)
{
  g_ptr_array_unref (self->feeds);
  g_mutex_clear (&self->mutex);
  g_free (self->what);
  g_free (self);
}

ProcstreamConsumer *
tool_writer_attach (ToolWriter       *self,
                    ProcstreamOutput *output,
                    const char       *stream,
                    gboolean          announce,
                    GError          **error)
{
  g_autoptr (ProcstreamConsumer) sink = NULL;
  Feed *feed = g_new0 (Feed, 1);

  feed->writer = self;
  feed->stream = g_strdup (stream);
  feed->announce = announce;
  g_ptr_array_add (self->feeds, feed);
  sink = tool_sink_new (self->thread, self->prefix ? &line_funcs : &byte_funcs, feed);
  if (!procstream_output_attach (output, sink, error))
    return NULL;
  return g_steal_pointer (&sink);
}

const char *
tool_writer_get_what (ToolWriter *self)
{
  return self->what;
}

int
tool_writer_get_errno (ToolWriter *self)
{
  int errsv;

  g_mutex_lock (&self->mutex);
  errsv = self->errsv;
  g_mutex_unlock (&self->mutex);
  return errsv;
}

guint64
tool_writer_get_bytes (ToolWriter *self)
{
  guint64 bytes;

  g_mutex_lock (&self->mutex);
  bytes = self->bytes;
  g_mutex_unlock (&self->mutex);
  return bytes;
}
