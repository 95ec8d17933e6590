/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-writer-private.h"

#include "procstream-enum-types.h"

/**
 * ProcstreamWriter:
 *
 * A consumer that writes to a file or to a [class@Gio.OutputStream].
 *
 * It writes bytes as they come, or whole lines with a prefix. It takes them from the
 * output itself, as many as there are at once, and writes them with one call, in a thread
 * of the library that exists only while there is something to write: neither the main loop
 * nor the reading of any output ever waits for a disk. With reliable delivery a disk that is
 * slower than the child slows the child; with lossy delivery what was lost is counted
 * exactly, and told in the file if [property@Procstream.Writer:mark-losses] is set.
 *
 * A writer that is attached goes on to the end of the output, also when nobody holds a
 * reference to it any more. [method@Procstream.Consumer.wait] returns when
 * everything was written, flushed and closed. [method@Procstream.Consumer.cancel] gives up
 * what was not written yet; a write that is under way is interrupted where that is
 * possible, and the file is closed.
 *
 * When the program returns from `main()` or calls `exit()`, its children are ended first, and then all
 * writers write what there is of their outputs by then, flush and close, also those that
 * were paused. The program waits for that, 5 seconds at most, which is a choice between
 * a slow disk and a pipe whose reader stands still; what is not written by then is lost, and a warning says
 * so. A stream whose class is not GIO's own is not written to any more, since its context is
 * not run: wait for such a writer before. A program that dies of a signal or calls
 * `_exit()` does not come to that.
 *
 * A stream whose class is GIO's own is written to in a thread as well. Any other class, such as
 * one written in Python or JavaScript, is only ever called in the thread-default main context
 * of the thread that made the writer: asynchronously if it implements `write_async`, or
 * [iface@Gio.PollableOutputStream] and can be polled, and else with a blocking call, so its
 * writes must not take long. Two writers of lines may share a stream of GIO's own, or a file
 * on a local disk, which they append to in either mode once it is open: neither cuts the other's
 * lines, but where a disk is full.
 *
 * # Errors
 *
 * What cannot be opened, written, flushed or closed is a [error@Gio.IOErrorEnum] whose
 * message names the output, the file or the class of the stream, what was tried and, for a
 * write, how many bytes. A program that reads a pipe and leaves is such an error
 * (%G_IO_ERROR_BROKEN_PIPE), never a signal. What happens then is up to the
 * [property@Procstream.Writer:error-policy]: with %PROCSTREAM_WRITE_ERROR_POLICY_STOP the state
 * becomes %PROCSTREAM_CONSUMER_STATE_FAILED, and whoever waits gets the error; with
 * %PROCSTREAM_WRITE_ERROR_POLICY_CONTINUE it is counted, and kept for
 * [method@Procstream.Writer.dup_write_error].
 *
 * Since: 1.0
 */

/*
 * The outer object: properties, which are those of the record (see procstream-writing.c). They are fixed once it is attached, when the
 * record belongs to another thread.
 */
struct _ProcstreamWriter
{
  ProcstreamConsumer parent_instance;

  ProcstreamWriting *writing; /* its core owns it */
  GFile             *file;
  GOutputStream     *stream;
};

G_DEFINE_FINAL_TYPE (ProcstreamWriter, procstream_writer, PROCSTREAM_TYPE_CONSUMER)

enum
{
  PROP_0,
  PROP_FILE,
  PROP_FILE_MODE,
  PROP_STREAM,
  PROP_WRITE_MODE,
  PROP_PREFIX,
  PROP_LINE_ENDING,
  PROP_MARK_LOSSES,
  PROP_ERROR_POLICY,
  PROP_FLUSH_POLICY,
  PROP_CLOSE_STREAM,
  PROP_MAX_FILE_SIZE,
  PROP_MAX_BACKUPS,
  PROP_BYTES_WRITTEN,
  PROP_BYTES_FAILED,
  PROP_WRITE_ERRORS,
  PROP_ROTATIONS,
  N_PROPS,
};

static GParamSpec *properties[N_PROPS];

/* --- The class ---------------------------------------------------------------------------------------------------------------- */

static void
procstream_writer_get_property (GObject    *object,
                                guint       property_id,
                                GValue     *value,
                                GParamSpec *pspec)
{
  ProcstreamWriter *self = PROCSTREAM_WRITER (object);

  switch (property_id)
    {
    case PROP_FILE:
      g_value_set_object (value, procstream_writer_get_file (self));
      break;
    case PROP_FILE_MODE:
      g_value_set_enum (value, procstream_writer_get_file_mode (self));
      break;
    case PROP_STREAM:
      g_value_set_object (value, procstream_writer_get_stream (self));
      break;
    case PROP_WRITE_MODE:
      g_value_set_enum (value, procstream_writer_get_write_mode (self));
      break;
    case PROP_PREFIX:
      g_value_set_string (value, procstream_writer_get_prefix (self));
      break;
    case PROP_LINE_ENDING:
      g_value_set_string (value, procstream_writer_get_line_ending (self));
      break;
    case PROP_MARK_LOSSES:
      g_value_set_boolean (value, procstream_writer_get_mark_losses (self));
      break;
    case PROP_ERROR_POLICY:
      g_value_set_enum (value, procstream_writer_get_error_policy (self));
      break;
    case PROP_FLUSH_POLICY:
      g_value_set_enum (value, procstream_writer_get_flush_policy (self));
      break;
    case PROP_CLOSE_STREAM:
      g_value_set_boolean (value, procstream_writer_get_close_stream (self));
      break;
    case PROP_MAX_FILE_SIZE:
      g_value_set_uint64 (value, procstream_writer_get_max_file_size (self));
      break;
    case PROP_MAX_BACKUPS:
      g_value_set_uint (value, procstream_writer_get_max_backups (self));
      break;
    case PROP_BYTES_WRITTEN:
      g_value_set_uint64 (value, procstream_writer_get_bytes_written (self));
      break;
    case PROP_BYTES_FAILED:
      g_value_set_uint64 (value, procstream_writer_get_bytes_failed (self));
      break;
    case PROP_WRITE_ERRORS:
      g_value_set_uint64 (value, procstream_writer_get_write_errors (self));
      break;
    case PROP_ROTATIONS:
      g_value_set_uint64 (value, procstream_writer_get_rotations (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
take_file (ProcstreamWriter *self,
           GFile            *file)
{
  self->file = file;
  if (file)
    procstream_writing_get_options (self->writing)->path = g_file_get_path (file);
}

static void
take_stream (ProcstreamWriter *self,
             GOutputStream    *stream)
{
  self->stream = stream;
  if (stream)
    procstream_writing_get_options (self->writing)->stream = g_object_ref (stream);
}

static void
procstream_writer_set_property (GObject      *object,
                                guint         property_id,
                                const GValue *value,
                                GParamSpec   *pspec)
{
  ProcstreamWriter *self = PROCSTREAM_WRITER (object);

  switch (property_id)
    {
    case PROP_FILE:
      take_file (self, g_value_dup_object (value));
      break;
    case PROP_FILE_MODE:
      procstream_writing_get_options (self->writing)->file_mode = g_value_get_enum (value);
      break;
    case PROP_STREAM:
      take_stream (self, g_value_dup_object (value));
      break;
    case PROP_WRITE_MODE:
      procstream_writer_set_write_mode (self, g_value_get_enum (value));
      break;
    case PROP_PREFIX:
      procstream_writer_set_prefix (self, g_value_get_string (value));
      break;
    case PROP_LINE_ENDING:
      procstream_writer_set_line_ending (self, g_value_get_string (value));
      break;
    case PROP_MARK_LOSSES:
      procstream_writer_set_mark_losses (self, g_value_get_boolean (value));
      break;
    case PROP_ERROR_POLICY:
      procstream_writer_set_error_policy (self, g_value_get_enum (value));
      break;
    case PROP_FLUSH_POLICY:
      procstream_writer_set_flush_policy (self, g_value_get_enum (value));
      break;
    case PROP_CLOSE_STREAM:
      procstream_writer_set_close_stream (self, g_value_get_boolean (value));
      break;
    case PROP_MAX_FILE_SIZE:
      procstream_writer_set_max_file_size (self, g_value_get_uint64 (value));
      break;
    case PROP_MAX_BACKUPS:
      procstream_writer_set_max_backups (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
procstream_writer_finalize (GObject *object)
{
  ProcstreamWriter *self = PROCSTREAM_WRITER (object);

  g_clear_object (&self->file);
  g_clear_object (&self->stream);
  G_OBJECT_CLASS (procstream_writer_parent_class)->finalize (object);
}

static void
install_target (void)
{
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamWriter:file: (getter get_file)
   *
   * The file that is written to. It must have a path on this machine: to write to
   * another one, open it and write to the stream.
   *
   * Since: 1.0
   */
  properties[PROP_FILE] = g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE, once);
  /**
   * ProcstreamWriter:file-mode: (getter get_file_mode)
   *
   * How the file is opened. There is no default. It is opened in a thread, soon after
   * the writer was attached; a FIFO, when somebody reads it.
   *
   * Since: 1.0
   */
  properties[PROP_FILE_MODE] = g_param_spec_enum ("file-mode", NULL, NULL, PROCSTREAM_TYPE_FILE_MODE, PROCSTREAM_FILE_MODE_UNSET, once);
  /**
   * ProcstreamWriter:stream: (getter get_stream)
   *
   * The stream that is written to, in place of a file.
   *
   * Since: 1.0
   */
  properties[PROP_STREAM] = g_param_spec_object ("stream", NULL, NULL, G_TYPE_OUTPUT_STREAM, once);
}

static void
install_text (void)
{
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamWriter:write-mode: (getter get_write_mode) (setter set_write_mode)
   *
   * What is written: bytes or lines. What a line is, and how long it may be, say the
   * properties that every consumer has. Lines are written byte for byte, also
   * where they are not valid UTF-8.
   *
   * The default is %PROCSTREAM_WRITE_MODE_BYTES.
   *
   * Since: 1.0
   */
  properties[PROP_WRITE_MODE] = g_param_spec_enum ("write-mode", NULL, NULL, PROCSTREAM_TYPE_WRITE_MODE, PROCSTREAM_WRITE_MODE_BYTES, writable);
  /**
   * ProcstreamWriter:prefix: (getter get_prefix) (setter set_prefix)
   *
   * What is put before each line, or %NULL. In it `%d` is the date (2038-01-19) and
   * `%t` the time (03:14:07.000) at which the end of the line arrived, both local; `%n` is the name of
   * the output (stdout), `%p` that with the name of the process (make (stdout)), and
   * `%%` a percent sign. It needs lines.
   *
   * Since: 1.0
   */
  properties[PROP_PREFIX] = g_param_spec_string ("prefix", NULL, NULL, NULL, writable);
  /**
   * ProcstreamWriter:line-ending: (getter get_line_ending) (setter set_line_ending)
   *
   * What is put after each line, in place of the separator that the child wrote; it
   * may be empty.
   *
   * The default is a line feed.
   *
   * Since: 1.0
   */
  properties[PROP_LINE_ENDING] = g_param_spec_string ("line-ending", NULL, NULL, "\n", writable);
  /**
   * ProcstreamWriter:mark-losses: (getter get_mark_losses) (setter set_mark_losses)
   *
   * Whether a line says so where bytes of the output are missing: lost in a gap, as in
   * `[stdout: 4096 bytes lost]`, or given up after an error, as in
   * `[stdout: 80 bytes not written]`.
   *
   * Since: 1.0
   */
  properties[PROP_MARK_LOSSES] = g_param_spec_boolean ("mark-losses", NULL, NULL, FALSE, writable);
}

static void
install_policies (void)
{
  const GParamFlags writable = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * ProcstreamWriter:error-policy: (getter get_error_policy) (setter set_error_policy)
   *
   * What is done after an error. A file that cannot be opened always ends the writer.
   *
   * The default is %PROCSTREAM_WRITE_ERROR_POLICY_STOP.
   *
   * Since: 1.0
   */
  properties[PROP_ERROR_POLICY] = g_param_spec_enum ("error-policy", NULL, NULL, PROCSTREAM_TYPE_WRITE_ERROR_POLICY, PROCSTREAM_WRITE_ERROR_POLICY_STOP, writable);
  /**
   * ProcstreamWriter:flush-policy: (getter get_flush_policy) (setter set_flush_policy)
   *
   * When the stream is flushed. A file has nothing to be flushed: what is written to it
   * is handed to the system at once.
   *
   * The default is %PROCSTREAM_FLUSH_POLICY_AT_END.
   *
   * Since: 1.0
   */
  properties[PROP_FLUSH_POLICY] = g_param_spec_enum ("flush-policy", NULL, NULL, PROCSTREAM_TYPE_FLUSH_POLICY, PROCSTREAM_FLUSH_POLICY_AT_END, writable);
  /**
   * ProcstreamWriter:close-stream: (getter get_close_stream) (setter set_close_stream)
   *
   * Whether the stream is closed when the writer is over, also when it was cancelled or
   * has failed. A file always is.
   *
   * Since: 1.0
   */
  properties[PROP_CLOSE_STREAM] = g_param_spec_boolean ("close-stream", NULL, NULL, FALSE, writable);
  /**
   * ProcstreamWriter:max-file-size: (getter get_max_file_size) (setter set_max_file_size)
   *
   * Above how many bytes the file is rotated: renamed to the same name with `.1` after it, while
   * `.1` becomes `.2` and so on, and begun anew. A line is never cut in two: one that is
   * longer has a file of its own. 0 means never. Only one writer may rotate a file.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_FILE_SIZE] = g_param_spec_uint64 ("max-file-size", NULL, NULL, 0, G_MAXUINT64, 0, writable);
  /**
   * ProcstreamWriter:max-backups: (getter get_max_backups) (setter set_max_backups)
   *
   * How many files that were rotated are kept besides the one that is written; the oldest
   * goes. With 0, the file is emptied when it is full.
   *
   * The default is %PROCSTREAM_DEFAULT_MAX_BACKUPS.
   *
   * Since: 1.0
   */
  properties[PROP_MAX_BACKUPS] = g_param_spec_uint ("max-backups", NULL, NULL, 0, G_MAXINT, PROCSTREAM_DEFAULT_MAX_BACKUPS, writable);
}

static void
install_counts (void)
{
  const GParamFlags readable = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  /**
   * ProcstreamWriter:bytes-written: (getter get_bytes_written)
   *
   * How many bytes were written, with prefixes, line endings and markers.
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_WRITTEN] = g_param_spec_uint64 ("bytes-written", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamWriter:bytes-failed: (getter get_bytes_failed)
   *
   * How many bytes of what was to be written, prefixes and line endings among them, were given
   * up after errors, or when the writer was dropped (see
   * [property@Procstream.Consumer:max-stall-ms]).
   *
   * Since: 1.0
   */
  properties[PROP_BYTES_FAILED] = g_param_spec_uint64 ("bytes-failed", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamWriter:write-errors: (getter get_write_errors)
   *
   * How many errors there were: in writing, rotating, flushing, opening and closing.
   *
   * Since: 1.0
   */
  properties[PROP_WRITE_ERRORS] = g_param_spec_uint64 ("write-errors", NULL, NULL, 0, G_MAXUINT64, 0, readable);
  /**
   * ProcstreamWriter:rotations: (getter get_rotations)
   *
   * How many times the file was rotated.
   *
   * Since: 1.0
   */
  properties[PROP_ROTATIONS] = g_param_spec_uint64 ("rotations", NULL, NULL, 0, G_MAXUINT64, 0, readable);
}

static void
procstream_writer_class_init (ProcstreamWriterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = procstream_writer_finalize;
  object_class->get_property = procstream_writer_get_property;
  object_class->set_property = procstream_writer_set_property;
  install_target ();
  install_text ();
  install_policies ();
  install_counts ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
procstream_writer_init (ProcstreamWriter *self)
{
  ProcstreamConsumer *consumer = PROCSTREAM_CONSUMER (self);

  self->writing = procstream_writing_new (consumer, procstream_consumer_get_context (consumer));
}

ProcstreamWriting *
procstream_writer_get_writing (ProcstreamWriter *self)
{
  return self->writing;
}

GFile *
procstream_writer_peek_file (ProcstreamWriter *self)
{
  return self->file;
}

GOutputStream *
procstream_writer_peek_stream (ProcstreamWriter *self)
{
  return self->stream;
}

/* --- Public functions --------------------------------------------------------------------------------------------------------- */

/**
 * procstream_writer_new_for_path:
 * @path: (type filename): the path of a file
 * @file_mode: whether what it holds is thrown away
 *
 * Makes a writer to a file. A relative path is looked up now.
 *
 * Returns: (transfer full): a new writer
 *
 * Since: 1.0
 */
ProcstreamWriter *
procstream_writer_new_for_path (const char        *path,
                                ProcstreamFileMode file_mode)
{
  g_autoptr (GFile) file = NULL;

  g_return_val_if_fail (path != NULL, NULL);

  file = g_file_new_for_path (path);
  return procstream_writer_new_for_file (file, file_mode);
}

/**
 * procstream_writer_new_for_file:
 * @file: a file with a path on this machine
 * @file_mode: whether what it holds is thrown away
 *
 * Makes a writer to a file.
 *
 * Returns: (transfer full): a new writer
 *
 * Since: 1.0
 */
ProcstreamWriter *
procstream_writer_new_for_file (GFile             *file,
                                ProcstreamFileMode file_mode)
{
  g_return_val_if_fail (G_IS_FILE (file), NULL);

  return g_object_new (PROCSTREAM_TYPE_WRITER, "file", file, "file-mode", file_mode, NULL);
}

/**
 * procstream_writer_new_for_stream:
 * @stream: a stream
 *
 * Makes a writer to a stream. Unless told otherwise it flushes the stream at the end and does
 * not close it.
 *
 * Returns: (transfer full): a new writer
 *
 * Since: 1.0
 */
ProcstreamWriter *
procstream_writer_new_for_stream (GOutputStream *stream)
{
  g_return_val_if_fail (G_IS_OUTPUT_STREAM (stream), NULL);

  return g_object_new (PROCSTREAM_TYPE_WRITER, "stream", stream, NULL);
}
