/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-source-private.h"

#include <procstream/procstream.h>

#include "test-core.h"
#include "test-utils.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static GThread *main_thread;

/* --- Classes of the program's own, which say in which thread they are called -------------------------------------------------- */

/* Reads by blocking alone, as does every class that overrides nothing but what it must. */
typedef GInputStream      PlainStream;
typedef GInputStreamClass PlainStreamClass;

static GType plain_stream_get_type (void);
G_DEFINE_TYPE (PlainStream, plain_stream, G_TYPE_INPUT_STREAM)

static int plain_reads;

static gssize
plain_read (GInputStream *stream,
            void         *buffer,
            gsize         count,
            GCancellable *cancellable,
            GError      **error)
{
  g_assert_true (g_thread_self () == main_thread);
  if (plain_reads++ == 2)
    return 0;
  memcpy (buffer, "piece ", 6);
  return 6;
}

static void
plain_stream_class_init (PlainStreamClass *klass)
{
  klass->read_fn = plain_read;
}

static void
plain_stream_init (PlainStream *self)
{
  plain_reads = 0;
}

/* A class of GIO's, derived. */
typedef GBufferedInputStream      DerivedStream;
typedef GBufferedInputStreamClass DerivedStreamClass;

static GType derived_stream_get_type (void);
G_DEFINE_TYPE (DerivedStream, derived_stream, G_TYPE_BUFFERED_INPUT_STREAM)

static void
derived_stream_class_init (DerivedStreamClass *klass)
{
}

static void
derived_stream_init (DerivedStream *self)
{
}

/* Turns every byte into its upper case. */
typedef GObject      UpperConverter;
typedef GObjectClass UpperConverterClass;

static void  upper_iface_init (GConverterIface *iface);
static GType upper_converter_get_type (void);
G_DEFINE_TYPE_WITH_CODE (UpperConverter, upper_converter, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (G_TYPE_CONVERTER, upper_iface_init))

static GConverterResult
upper_convert (GConverter     *converter,
               const void     *inbuf,
               gsize           inbuf_size,
               void           *outbuf,
               gsize           outbuf_size,
               GConverterFlags flags,
               gsize          *bytes_read,
               gsize          *bytes_written,
               GError        **error)
{
  gsize n = MIN (inbuf_size, outbuf_size);

  g_assert_true (g_thread_self () == main_thread);
  for (gsize i = 0; i < n; i++)
    ((char *) outbuf)[i] = g_ascii_toupper (((const char *) inbuf)[i]);
  *bytes_read = *bytes_written = n;
  return flags & G_CONVERTER_INPUT_AT_END && n == inbuf_size ? G_CONVERTER_FINISHED : G_CONVERTER_CONVERTED;
}

static void
upper_iface_init (GConverterIface *iface)
{
  iface->convert = upper_convert;
}

static void
upper_converter_class_init (UpperConverterClass *klass)
{
}

static void
upper_converter_init (UpperConverter *self)
{
}

/* --- Which are native --------------------------------------------------------------------------------------------------------- */

static GInputStream *
new_memory (void)
{
  return g_memory_input_stream_new_from_data ("from memory", -1, NULL);
}

static GInputStream *
new_file (const char *text)
{
  g_autoptr (GFileIOStream) stream = NULL;
  g_autoptr (GFile) file = g_file_new_tmp (NULL, &stream, NULL);
  GInputStream *input;

  g_assert_true (g_file_replace_contents (file, text, strlen (text), NULL, FALSE, 0, NULL, NULL, NULL));
  input = G_INPUT_STREAM (g_file_read (file, NULL, NULL));
  g_assert_nonnull (input);
  g_unlink (g_file_peek_path (file));
  return input;
}

/* Both take what they are given. */
static GInputStream *
wrap (GType         type,
      GInputStream *base)
{
  GInputStream *stream = g_object_new (type, "base-stream", base, NULL);

  g_object_unref (base);
  return stream;
}

static GInputStream *
convert (gpointer      converter,
         GInputStream *base)
{
  GInputStream *stream = g_converter_input_stream_new (base, converter);

  g_object_unref (converter);
  g_object_unref (base);
  return stream;
}

static void
assert_native (GInputStream *stream,
               gboolean      native)
{
  g_assert_cmpint (procstream_stream_is_native (stream), ==, native);
  g_object_unref (stream);
}

static gpointer
new_decompressor (void)
{
  return g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP);
}

static void
test_native (void)
{
  int fds[2];

  g_assert_cmpint (pipe (fds), ==, 0);
  close (fds[1]);
  assert_native (g_unix_input_stream_new (fds[0], TRUE), TRUE);
  assert_native (new_memory (), TRUE);
  assert_native (new_file (""), TRUE);
  assert_native (wrap (G_TYPE_BUFFERED_INPUT_STREAM, new_memory ()), TRUE);
  assert_native (wrap (G_TYPE_DATA_INPUT_STREAM, wrap (G_TYPE_BUFFERED_INPUT_STREAM, new_file (""))), TRUE);
  assert_native (convert (new_decompressor (), new_file ("")), TRUE);
  assert_native (convert (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_RAW, 1), new_memory ()), TRUE);
  assert_native (convert (g_charset_converter_new ("UTF-8", "ISO-8859-1", NULL), new_memory ()), TRUE);
  assert_native (wrap (G_TYPE_DATA_INPUT_STREAM, convert (new_decompressor (), new_memory ())), TRUE);
}

/* One class of the program's own, at whatever depth, and its code would run where GIO's does. */
static void
test_not_native (void)
{
  assert_native (g_object_new (plain_stream_get_type (), NULL), FALSE);
  assert_native (wrap (derived_stream_get_type (), new_memory ()), FALSE);
  assert_native (wrap (G_TYPE_DATA_INPUT_STREAM, wrap (derived_stream_get_type (), new_memory ())), FALSE);
  assert_native (convert (g_object_new (upper_converter_get_type (), NULL), new_memory ()), FALSE);
  assert_native (wrap (G_TYPE_BUFFERED_INPUT_STREAM, convert (g_object_new (upper_converter_get_type (), NULL), new_memory ())), FALSE);
  assert_native (convert (new_decompressor (), g_object_new (plain_stream_get_type (), NULL)), FALSE);
}

/* --- Which thread reads them -------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamOutput    *output;
  ProcstreamCollector *collector;
} Reading;

static void
reading_begin (Reading      *self,
               GInputStream *stream)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GError) error = NULL;

  self->output = procstream_output_new_from_stream (stream, "stream", config, &error);
  g_assert_no_error (error);
  g_object_unref (stream);
  self->collector = procstream_collector_new (PROCSTREAM_COLLECT_BYTES, PROCSTREAM_KEEP_FIRST);
  g_assert_true (procstream_output_attach (self->output, PROCSTREAM_CONSUMER (self->collector), &error));
}

static gboolean
is_over (gpointer user_data)
{
  return procstream_consumer_get_state (user_data) >= PROCSTREAM_CONSUMER_STATE_ENDED;
}

static void
reading_assert (Reading    *self,
                const char *expected)
{
  g_autofree char *text = NULL;

  test_run_until (NULL, "the end of the stream", is_over, self->collector);
  text = procstream_collector_dup_text (self->collector);
  g_assert_cmpint (procstream_output_get_state (self->output), ==, PROCSTREAM_OUTPUT_STATE_ENDED);
  g_assert_cmpstr (text, ==, expected);
  g_clear_object (&self->collector);
  g_clear_object (&self->output);
}

static void
assert_reads (GInputStream *stream,
              const char   *expected)
{
  Reading reading;

  reading_begin (&reading, stream);
  reading_assert (&reading, expected);
}

static char reader_name[16];

/* A decompressor tells of the header that it has read, in the thread that reads. */
static void
header_cb (void)
{
  prctl (PR_GET_NAME, reader_name);
}

static gpointer
new_telling_decompressor (void)
{
  gpointer decompressor = new_decompressor ();

  reader_name[0] = '\0';
  g_signal_connect (decompressor, "notify::file-info", G_CALLBACK (header_cb), NULL);
  return decompressor;
}

static GBytes *
compress (const char *text)
{
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GFileInfo) info = g_file_info_new ();
  GZlibCompressor *compressor = g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, -1);

  g_file_info_set_name (info, "name");
  g_zlib_compressor_set_file_info (compressor, info);
  stream = convert (compressor, g_memory_input_stream_new_from_data (text, -1, NULL));
  g_output_stream_splice (memory, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, NULL);
  return g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
}

/* What no poll can tell about: the read blocks, in a thread of the library, until the test writes. */
static void
test_gio_may_block (void)
{
  g_autofree char *directory = g_dir_make_tmp (NULL, NULL);
  g_autofree char *path = g_build_filename (directory, "fifo", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GBytes) bytes = compress ("squeezed");
  GInputStream *base;
  Reading       reading;
  int           fd;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  fd = open (path, O_RDWR | O_CLOEXEC);
  base = G_INPUT_STREAM (g_file_read (file, NULL, NULL));
  g_assert_cmpstr (G_OBJECT_TYPE_NAME (base), ==, "GLocalFileInputStream");
  reading_begin (&reading, wrap (G_TYPE_DATA_INPUT_STREAM, convert (new_telling_decompressor (), base)));
  for (int i = 0; i < 10; i++)
    g_main_context_iteration (NULL, FALSE);
  g_assert_cmpstr (reader_name, ==, "");

  g_assert_cmpint (write (fd, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)), ==, g_bytes_get_size (bytes));
  close (fd);
  reading_assert (&reading, "squeezed");
  g_assert_cmpstr (reader_name, ==, "procstream-read");
  g_unlink (path);
  g_rmdir (directory);
}

/* None of them has an asynchronous read of its own: GIO would call them in a thread of GTask's pool. */
static void
test_own_blocking (void)
{
  assert_reads (g_object_new (plain_stream_get_type (), NULL), "piece piece ");
  assert_reads (wrap (derived_stream_get_type (), new_file ("from a file")), "from a file");
  assert_reads (wrap (G_TYPE_DATA_INPUT_STREAM, g_object_new (plain_stream_get_type (), NULL)), "piece piece ");
  assert_reads (convert (g_object_new (upper_converter_get_type (), NULL), new_file ("shout")), "SHOUT");
}

/* This one can be polled, and so is read without blocking. */
static void
test_own_pollable (void)
{
  assert_reads (convert (g_object_new (upper_converter_get_type (), NULL), new_memory ()), "FROM MEMORY");
}

/* --- While it is being closed ------------------------------------------------------------------------------------------------- */

static gboolean let_in; /* the context, as soon as a mutex is free */

/* In place of GLib's, in this program: as if another thread, which runs the context, had waited for that. */
void
g_mutex_unlock (GMutex *mutex)
{
  static void (*unlock) (GMutex * mutex);

  if (unlock == NULL)
    *(void **) &unlock = dlsym (RTLD_NEXT, "g_mutex_unlock");
  unlock (mutex);
  if (!let_in)
    return;
  let_in = FALSE;
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* Whoever is called for something that came before already finds it closed. */
static void
test_closed_meanwhile (void)
{
  ProcstreamOutputCore *core = test_core_new (0);
  GInputStream         *stream = g_object_new (plain_stream_get_type (), NULL);
  ProcstreamSource     *source = procstream_stream_source_new (core, g_main_context_default (), stream);

  g_object_add_weak_pointer (G_OBJECT (stream), (gpointer *) &stream);
  source->klass->set_reading (source, TRUE);
  let_in = TRUE;
  source->klass->close (source);
  g_assert_false (let_in);
  g_assert_null (stream);
  g_assert_cmpint (plain_reads, ==, 0);
  test_core_free (core);
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  main_thread = g_thread_self ();
  g_test_add_func ("/stream-source/native", test_native);
  g_test_add_func ("/stream-source/not-native", test_not_native);
  g_test_add_func ("/stream-source/gio-may-block", test_gio_may_block);
  g_test_add_func ("/stream-source/own/blocking", test_own_blocking);
  g_test_add_func ("/stream-source/own/pollable", test_own_pollable);
  g_test_add_func ("/stream-source/closed-meanwhile", test_closed_meanwhile);
  return g_test_run ();
}
