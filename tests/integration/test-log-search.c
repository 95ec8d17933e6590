/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "test-hold.h"
#include "test-start.h"
#include "test-stream.h"
#include "test-utils.h"

#include <string.h>
#include <unistd.h>

/* Finding and saving what a log model shows. */

typedef struct
{
  TestStream         *stream;
  ProcstreamLogModel *model;
} Fixture;

static void
feed (Fixture    *f,
      const char *text)
{
  test_stream_write_read (f->stream, text);
  test_hold_pass ();
  test_iterate ();
}

static void
set_up (Fixture    *f,
        const char *text)
{
  g_autoptr (GError) error = NULL;

  f->stream = test_stream_new (&(TestStreamOptions){ .delivery = PROCSTREAM_DELIVERY_RELIABLE, .replay = PROCSTREAM_REPLAY_NONE });
  f->model = procstream_log_model_new ();
  g_object_unref (procstream_log_model_follow (f->model, f->stream->output, &error));
  g_assert_no_error (error);
  if (text)
    feed (f, text);
}

static void
tear_down (Fixture *f)
{
  g_assert_finalize_object (f->model);
  test_stream_free (f->stream);
}

/* --- Finding ------------------------------------------------------------------------------------------------------------------ */

#define BACKWARD PROCSTREAM_FIND_FLAGS_BACKWARD
#define CASELESS PROCSTREAM_FIND_FLAGS_CASELESS

typedef struct
{
  const char         *text;
  ProcstreamFindFlags flags;
  guint               start;
  gint64              position;
} FindCase;

#define FIND_TEXT "apple\nBanana\ncherry pie\n\nbanana \xff split\n\xc3\x84pfel\nlast"

static const FindCase find_cases[] = {
  { "apple", 0, 0, 0 },
  { "apple", 0, 1, -1 },
  { "banana", 0, 0, 4 },
  { "banana", CASELESS, 0, 1 },
  { "banana", CASELESS, 2, 4 },
  { "banana", CASELESS | BACKWARD, G_MAXUINT, 4 },
  { "banana", CASELESS | BACKWARD, 4, 4 },
  { "banana", CASELESS | BACKWARD, 3, 1 },
  { "banana", BACKWARD, 3, -1 },
  { "y p", 0, 0, 2 },
  { "a\nB", 0, 0, -1 },
  { "eB", 0, 0, -1 },
  { ".", 0, 0, -1 },
  { ".", CASELESS, 0, -1 },
  { " split", 0, 0, 4 },
  { "\xef\xbf\xbd split", 0, 0, 4 },
  { "\xc3\xa4pfel", 0, 0, -1 },
  { "\xc3\xa4PFEL", CASELESS, 0, 5 },
  { "", 0, 3, 3 },
  { "", BACKWARD, 6, 6 },
  { "last", 0, 6, 6 },
  { "last", 0, 7, -1 },
  { "last", BACKWARD, G_MAXUINT, 6 },
};

static gint64
find_async (Fixture        *f,
            const FindCase *c)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 position;

  procstream_log_model_find_async (f->model, c->text, c->flags, c->start, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "a search", &result);
  position = procstream_log_model_find_finish (f->model, result, &error);
  g_assert_no_error (error);
  return position;
}

static gint64
find_regex (Fixture        *f,
            const FindCase *c,
            gboolean        blocking)
{
  g_autofree char *pattern = g_regex_escape_string (c->text, -1);
  g_autoptr (GRegex) regex = g_regex_new (pattern, c->flags & CASELESS ? G_REGEX_CASELESS : 0, 0, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 position;

  if (blocking)
    {
      position = procstream_log_model_find_regex (f->model, regex, c->flags, c->start, TEST_WATCHDOG_SECONDS * 1000, NULL, &error);
      g_assert_no_error (error);
      return position;
    }
  procstream_log_model_find_regex_async (f->model, regex, c->flags, c->start, NULL, test_store_result_cb, &result);
  test_wait_result (NULL, "a search", &result);
  position = procstream_log_model_find_regex_finish (f->model, result, &error);
  g_assert_no_error (error);
  return position;
}

static void
test_find (void)
{
  Fixture f;

  set_up (&f, NULL);
  g_assert_cmpint (procstream_log_model_find (f.model, "", 0, 0), ==, -1);
  g_assert_cmpint (procstream_log_model_find (f.model, "", BACKWARD, 0), ==, -1);
  feed (&f, FIND_TEXT);
  test_stream_close (f.stream);
  while (g_list_model_get_n_items (G_LIST_MODEL (f.model)) < 7)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (find_cases); i++)
    {
      const FindCase *c = &find_cases[i];

      g_test_message ("%u: “%s”", i, c->text);
      g_assert_cmpint (procstream_log_model_find (f.model, c->text, c->flags, c->start), ==, c->position);
      g_assert_cmpint (find_async (&f, c), ==, c->position);
      g_assert_cmpint (find_regex (&f, c, FALSE), ==, c->position);
      g_assert_cmpint (find_regex (&f, c, TRUE), ==, c->position);
    }
  tear_down (&f);
}

static void
test_find_raw (void)
{
  g_autoptr (GRegex) regex = g_regex_new ("^banana \xff", G_REGEX_RAW, 0, NULL);
  Fixture f;

  set_up (&f, FIND_TEXT);
  g_assert_cmpint (procstream_log_model_find_regex (f.model, regex, 0, 0, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL), ==, 4);
  tear_down (&f);
}

/* A position is that of the moment in which it is asked for. */
static void
test_find_moves (void)
{
  GAsyncResult *results[2] = { NULL };
  Fixture       f;

  set_up (&f, NULL);
  procstream_log_model_set_max_lines (f.model, 4);
  feed (&f, "1\n2\n3\n4\n");
  procstream_log_model_find_async (f.model, "2", 0, 0, NULL, test_store_result_cb, &results[0]);
  procstream_log_model_find_async (f.model, "3", 0, 0, NULL, test_store_result_cb, &results[1]);
  for (guint i = 0; i < 2; i++)
    test_wait_result (NULL, "a search", &results[i]);
  feed (&f, "5\n6\n");
  g_assert_cmpint (procstream_log_model_find_finish (f.model, results[1], NULL), ==, 0);
  g_assert_cmpint (procstream_log_model_find_finish (f.model, results[0], NULL), ==, -1);
  for (guint i = 0; i < 2; i++)
    g_clear_object (&results[i]);
  tear_down (&f);
}

/* Each of these lines takes a regular expression like this one very long, and what waits for it need not. */
static void
test_find_hostile (void)
{
  g_autoptr (GRegex) regex = g_regex_new ("(x+x+)+y", 0, 0, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  Fixture f;

  for (guint i = 0; i < 100; i++)
    g_string_append (text, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx y\n");
  set_up (&f, text->str);
  g_assert_cmpint (procstream_log_model_find_regex (f.model, regex, 0, 0, 0, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_clear_error (&error);
  procstream_log_model_find_regex_async (f.model, regex, 0, 0, cancellable, test_store_result_cb, &result);
  /* Nothing else is held up. */
  feed (&f, "more\n");
  g_cancellable_cancel (cancellable);
  test_wait_result (NULL, "a cancelled search", &result);
  g_assert_cmpint (procstream_log_model_find_regex_finish (f.model, result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  tear_down (&f);
}

/* --- Saving ------------------------------------------------------------------------------------------------------------------- */

static void
assert_contents (const char *path,
                 const char *expected)
{
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize size;

  g_file_get_contents (path, &contents, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpmem (contents, size, expected, strlen (expected));
}

static guint
count_files (const char *directory)
{
  GDir *dir = g_dir_open (directory, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  g_dir_close (dir);
  return n;
}

static void
test_save (void)
{
  char            *directory = test_make_directory ();
  g_autofree char *path = g_build_filename (directory, "log", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  Fixture f;

  set_up (&f, "one\r\n\xff\n\nunfinished");
  g_assert_true (procstream_log_model_save (f.model, file, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_no_error (error);
  assert_contents (path, "one\n\xff\n\n");
  /* What comes meanwhile is not in it. */
  procstream_log_model_save_async (f.model, file, NULL, test_store_result_cb, &result);
  procstream_log_model_clear (f.model);
  feed (&f, " line\n");
  test_wait_result (NULL, "saving", &result);
  g_assert_true (procstream_log_model_save_finish (f.model, result, &error));
  g_assert_no_error (error);
  assert_contents (path, "one\n\xff\n\n");
  g_assert_true (procstream_log_model_save (f.model, file, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  assert_contents (path, "unfinished line\n");
  g_assert_cmpuint (count_files (directory), ==, 1);
  g_clear_object (&result);
  tear_down (&f);
  test_remove_directory (directory);
}

/* What was there stays, and nothing else does. */
static void
test_save_fails (void)
{
  char            *directory = test_make_directory ();
  g_autofree char *path = g_build_filename (directory, "log", NULL);
  g_autofree char *nowhere = g_build_filename (directory, "nowhere", "log", NULL);
  g_autofree char *fresh = g_build_filename (directory, "fresh", NULL);
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFile) nowhere_file = g_file_new_for_path (nowhere);
  g_autoptr (GFile) fresh_file = g_file_new_for_path (fresh);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Fixture f;

  set_up (&f, "one\n");
  g_assert_true (g_file_set_contents (path, "old", -1, NULL));
  g_assert_false (procstream_log_model_save (f.model, nowhere_file, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, nowhere));
  g_clear_error (&error);
  g_cancellable_cancel (cancellable);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GAsyncResult) result = NULL;

      procstream_log_model_save_async (f.model, i == 0 ? file : fresh_file, cancellable, test_store_result_cb, &result);
      test_wait_result (NULL, "saving", &result);
      g_assert_false (procstream_log_model_save_finish (f.model, result, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&error);
    }
  tear_down (&f);
  test_remove_directory (directory);
}

/* A stream of the program's own class, which is not to be called in any other thread. */
typedef struct
{
  GOutputStream parent_instance;
  GString      *written;
  GThread      *thread;
  guint         calls;
  guint         fail_at;
} OwnStream;
typedef GOutputStreamClass OwnStreamClass;

static GType own_stream_get_type (void);
G_DEFINE_TYPE (OwnStream, own_stream, G_TYPE_OUTPUT_STREAM)

static gssize
own_stream_write (GOutputStream *stream,
                  const void    *buffer,
                  gsize          count,
                  GCancellable  *cancellable,
                  GError       **error)
{
  OwnStream *self = (OwnStream *) stream;

  g_assert_true (g_thread_self () == self->thread);
  if (++self->calls == self->fail_at)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "It is full");
      return -1;
    }
  g_string_append_len (self->written, buffer, count);
  return count;
}

static void
own_stream_finalize (GObject *object)
{
  g_assert_true (g_thread_self () == ((OwnStream *) object)->thread);
  g_string_free (((OwnStream *) object)->written, TRUE);
  G_OBJECT_CLASS (own_stream_parent_class)->finalize (object);
}

static void
own_stream_class_init (OwnStreamClass *klass)
{
  klass->write_fn = own_stream_write;
  G_OBJECT_CLASS (klass)->finalize = own_stream_finalize;
}

static void
own_stream_init (OwnStream *self)
{
  self->written = g_string_new (NULL);
  self->thread = g_thread_self ();
}

#define MANY_LINES 20000

static GString *
feed_many (Fixture *f)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < MANY_LINES; i++)
    g_string_append_printf (text, "line %u\n", i);
  for (gsize at = 0; at < text->len;)
    {
      gsize            n = MIN (text->len - at, 30000);
      g_autofree char *part = g_strndup (text->str + at, n);

      feed (f, part);
      at += n;
    }
  return text;
}

static void
test_save_to_stream (void)
{
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  OwnStream *own[2] = { g_object_new (own_stream_get_type (), NULL), g_object_new (own_stream_get_type (), NULL) };
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) text = NULL;
  Fixture f;

  set_up (&f, NULL);
  text = feed_many (&f);
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (f.model)), ==, MANY_LINES);
  g_assert_true (procstream_log_model_save_to_stream (f.model, memory, TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (memory)),
                   g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)), text->str, text->len);
  g_assert_false (g_output_stream_is_closed (memory));
  g_assert_true (procstream_log_model_save_to_stream (f.model, G_OUTPUT_STREAM (own[0]), TEST_WATCHDOG_SECONDS * 1000, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (own[0]->written->str, ==, text->str);
  g_assert_cmpuint (own[0]->calls, >, 2);
  own[1]->fail_at = 2;
  procstream_log_model_save_to_stream_async (f.model, G_OUTPUT_STREAM (own[1]), NULL, test_store_result_cb, &result);
  g_assert_cmpuint (own[1]->calls, ==, 0);
  test_wait_result (NULL, "saving", &result);
  g_assert_false (procstream_log_model_save_to_stream_finish (f.model, result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_clear_object (&result);
  test_iterate ();
  for (guint i = 0; i < 2; i++)
    g_assert_finalize_object (own[i]);
  tear_down (&f);
}

static void
chunk_cb (ProcstreamOutput *output,
          GBytes           *bytes,
          gpointer          user_data)
{
}

/* A file that is saved does not claim to have everything. */
static void
test_save_gaps (void)
{
  g_autoptr (TestStream) stream = test_stream_new (&(TestStreamOptions){ .delivery = PROCSTREAM_DELIVERY_LOSSY, .replay = PROCSTREAM_REPLAY_NONE, .max_chunks = 1 });
  g_autoptr (ProcstreamLogModel) model = g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "show-gaps", TRUE, NULL);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autofree char *text = NULL;

  g_signal_connect (stream->output, "chunk", G_CALLBACK (chunk_cb), NULL);
  test_stream_write_read (stream, "one\n");
  test_stream_write_read (stream, "two\n");
  g_object_unref (procstream_log_model_follow (model, stream->output, NULL));
  test_hold_pass ();
  test_iterate ();
  g_assert_cmpint (procstream_log_model_find (model, "lost", 0, 0), ==, -1);
  g_assert_true (procstream_log_model_save_to_stream (model, memory, TEST_WATCHDOG_SECONDS * 1000, NULL, NULL));
  text = g_strndup (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (memory)),
                    g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)));
  g_assert_cmpstr (text, ==, "[4 bytes lost]\ntwo\n");
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/log-search/find", test_find);
  g_test_add_func ("/log-search/find-raw", test_find_raw);
  g_test_add_func ("/log-search/find-moves", test_find_moves);
  g_test_add_func ("/log-search/find-hostile", test_find_hostile);
  g_test_add_func ("/log-search/save", test_save);
  g_test_add_func ("/log-search/save-fails", test_save_fails);
  g_test_add_func ("/log-search/save-to-stream", test_save_to_stream);
  g_test_add_func ("/log-search/save-gaps", test_save_gaps);
  return g_test_run ();
}
