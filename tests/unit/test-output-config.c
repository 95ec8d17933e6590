/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <procstream/procstream.h>

#include "procstream-output-config-private.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  const char *property;
  guint64     value; /* not the default */
} Setting;

static const Setting settings_of_each_kind[] = {
  { "backend", PROCSTREAM_BACKEND_DISCARD },
  { "delivery", PROCSTREAM_DELIVERY_LOSSY },
  { "replay", PROCSTREAM_REPLAY_LAST_BYTES },
  { "replay-limit", 77 },
  { "read-chunk-size", 123 },
  { "max-buffered-chunks", 5 },
  { "max-buffered-bytes", 6789 },
  { "max-replay-bytes", 4321 },
  { "max-stall-ms", 60000 },
  { "reader", PROCSTREAM_READER_MODE_CONTEXT },
  { "line-separator", PROCSTREAM_LINE_SEPARATOR_CRLF },
  { "max-line-length", 99 },
  { "line-overflow", PROCSTREAM_LINE_OVERFLOW_TRUNCATE },
  { "file-mode", PROCSTREAM_FILE_MODE_APPEND },
};

static gboolean
resolve (ProcstreamOutputConfig   *config,
         ProcstreamOutputSettings *settings,
         GError                  **error)
{
  return procstream_output_config_resolve (config, "make stdout", PROCSTREAM_DELIVERY_UNSET, PROCSTREAM_REPLAY_UNSET, 0, settings, error);
}

static void
assert_refused (ProcstreamOutputConfig *config,
                GQuark                  domain,
                int                     code,
                const char             *property)
{
  g_autoptr (GError) error = NULL;
  ProcstreamOutputSettings settings;
  g_autofree char         *quoted = g_strdup_printf ("“%s”", property);

  g_assert_false (resolve (config, &settings, &error));
  g_assert_error (error, domain, code);
  g_assert_nonnull (strstr (error->message, quoted));
  g_assert_nonnull (strstr (error->message, "make stdout"));
}

static ProcstreamOutputConfig *
new_complete (void)
{
  return procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
}

static void
test_error_domain (void)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (PROCSTREAM_TYPE_CHILD_ERROR);

  g_assert_cmpstr (g_quark_to_string (PROCSTREAM_CHILD_ERROR), ==, "procstream-child-error-quark");
  g_assert_cmpuint (PROCSTREAM_CHILD_ERROR, ==, PROCSTREAM_CHILD_ERROR);
  g_assert_cmpstr (g_enum_get_value (klass, PROCSTREAM_CHILD_ERROR_UNSET_POLICY)->value_nick, ==, "unset-policy");
}

static void
test_defaults (void)
{
  g_autoptr (ProcstreamOutputConfig) config = g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, NULL);

  g_assert_cmpint (procstream_output_config_get_backend (config), ==, PROCSTREAM_BACKEND_BROADCAST);
  g_assert_cmpint (procstream_output_config_get_delivery (config), ==, PROCSTREAM_DELIVERY_UNSET);
  g_assert_cmpint (procstream_output_config_get_replay (config), ==, PROCSTREAM_REPLAY_UNSET);
  g_assert_cmpuint (procstream_output_config_get_replay_limit (config), ==, 0);
  g_assert_cmpuint (procstream_output_config_get_read_chunk_size (config), ==, PROCSTREAM_DEFAULT_READ_CHUNK_SIZE);
  g_assert_cmpuint (procstream_output_config_get_max_buffered_chunks (config), ==, PROCSTREAM_DEFAULT_MAX_BUFFERED_CHUNKS);
  g_assert_cmpuint (procstream_output_config_get_max_buffered_bytes (config), ==, PROCSTREAM_DEFAULT_MAX_BUFFERED_BYTES);
  g_assert_cmpuint (procstream_output_config_get_max_replay_bytes (config), ==, PROCSTREAM_DEFAULT_MAX_REPLAY_BYTES);
  g_assert_cmpint (procstream_output_config_get_max_stall_ms (config), ==, PROCSTREAM_NO_TIMEOUT);
  g_assert_cmpint (procstream_output_config_get_reader (config), ==, PROCSTREAM_READER_MODE_THREAD);
  g_assert_cmpint (procstream_output_config_get_line_separator (config), ==, PROCSTREAM_LINE_SEPARATOR_NEWLINE);
  g_assert_cmpuint (procstream_output_config_get_max_line_length (config), ==, PROCSTREAM_DEFAULT_MAX_LINE_LENGTH);
  g_assert_cmpint (procstream_output_config_get_line_overflow (config), ==, PROCSTREAM_LINE_OVERFLOW_SPLIT);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          gpointer    user_data)
{
  ++*(guint *) user_data;
}

static guint64
get_number (gpointer    object,
            const char *property)
{
  g_auto (GValue) value = G_VALUE_INIT;
  g_auto (GValue) number = G_VALUE_INIT;

  g_object_get_property (object, property, &value);
  if (G_VALUE_HOLDS_ENUM (&value))
    return g_value_get_enum (&value);
  g_value_init (&number, G_TYPE_UINT64);
  g_assert_true (g_value_transform (&value, &number));
  return g_value_get_uint64 (&number);
}

static void
set_number (gpointer    object,
            const char *property,
            guint64     number)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (object), property);

  if (pspec->value_type == G_TYPE_UINT64)
    g_object_set (object, property, number, NULL);
  else if (pspec->value_type == G_TYPE_INT64)
    g_object_set (object, property, (gint64) number, NULL);
  else
    g_object_set (object, property, (guint) number, NULL);
}

/* Each property can be read, written and watched, and tells of changes only. */
static void
test_properties (void)
{
  g_autoptr (ProcstreamOutputConfig) config = g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, NULL);
  g_autofree GParamSpec **all = NULL;
  guint                   n_all;

  for (gsize i = 0; i < G_N_ELEMENTS (settings_of_each_kind); i++)
    {
      const Setting   *setting = &settings_of_each_kind[i];
      g_autofree char *signal = g_strconcat ("notify::", setting->property, NULL);
      guint            notified = 0;

      g_signal_connect (config, signal, G_CALLBACK (count_cb), &notified);
      g_assert_cmpuint (get_number (config, setting->property), !=, setting->value);
      set_number (config, setting->property, setting->value);
      set_number (config, setting->property, setting->value);
      g_assert_cmpuint (notified, ==, 1);
      g_assert_cmpuint (get_number (config, setting->property), ==, setting->value);
      g_signal_handlers_disconnect_by_data (config, &notified);
    }
  all = g_object_class_list_properties (G_OBJECT_GET_CLASS (config), &n_all);
  g_assert_cmpuint (n_all, ==, G_N_ELEMENTS (settings_of_each_kind) + 4);
}

static void
test_file (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GFile) file = g_file_new_for_path ("/nowhere");
  g_autoptr (GFile) seen = NULL;
  guint notified = 0;

  g_signal_connect (config, "notify::file", G_CALLBACK (count_cb), &notified);
  g_assert_null (procstream_output_config_get_file (config));
  g_object_set (config, "file", file, NULL);
  procstream_output_config_set_file (config, file);
  g_assert_cmpuint (notified, ==, 1);
  g_object_get (config, "file", &seen, NULL);
  g_assert_true (seen == file);
}

/* Those that are no numbers. */
static void
test_filters (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  ProcstreamOutputSettings settings;
  g_autofree char         *encoding = NULL;
  gboolean                 strip_escapes;
  guint                    notified = 0;
  g_autoptr (GError) error = NULL;

  g_signal_connect (config, "notify", G_CALLBACK (count_cb), &notified);
  g_object_set (config, "encoding", "ISO-8859-1", "strip-escapes", TRUE, NULL);
  g_object_set (config, "encoding", "ISO-8859-1", "strip-escapes", TRUE, NULL);
  g_assert_cmpuint (notified, ==, 2);
  g_object_get (config, "encoding", &encoding, "strip-escapes", &strip_escapes, NULL);
  g_assert_cmpstr (encoding, ==, "ISO-8859-1");
  g_assert_true (strip_escapes);
  g_assert_true (resolve (config, &settings, &error));
  g_assert_cmpstr (settings.lines.encoding, ==, "ISO-8859-1");
  g_assert_true (settings.lines.strip_escapes);
  procstream_output_config_set_encoding (config, "no-such-thing");
  g_assert_false (resolve (config, &settings, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (error->message, "encoding"));
  g_assert_nonnull (strstr (error->message, "no-such-thing"));
}

static void
test_custom_separator (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  g_autoptr (GBytes) separator = g_bytes_new ("--", 2);
  g_autoptr (GBytes) seen = NULL;
  guint notified = 0;

  g_signal_connect (config, "notify::custom-separator", G_CALLBACK (count_cb), &notified);
  g_assert_null (procstream_output_config_get_custom_separator (config));
  g_object_set (config, "custom-separator", separator, NULL);
  procstream_output_config_set_custom_separator (config, separator);
  g_assert_cmpuint (notified, ==, 1);
  g_object_get (config, "custom-separator", &seen, NULL);
  g_assert_true (seen == separator);
  procstream_output_config_set_custom_separator (config, NULL);
  g_assert_null (procstream_output_config_get_custom_separator (config));
  g_assert_cmpuint (notified, ==, 2);
}

/* It is needed where it is asked for, and has a limit. */
static void
test_custom_separator_is_checked (void)
{
  g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_NONE);
  static const char        bytes[300] = "0123456789abcdefg";
  const gsize              refused[] = { 0, 17, 256, 257, 300 };
  ProcstreamOutputSettings settings;
  g_autoptr (GError) error = NULL;

  procstream_output_config_set_line_separator (config, PROCSTREAM_LINE_SEPARATOR_CUSTOM);
  g_assert_false (resolve (config, &settings, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY);
  g_assert_nonnull (strstr (error->message, "custom-separator"));
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GBytes) separator = g_bytes_new_static (bytes, refused[i]);

      g_clear_error (&error);
      procstream_output_config_set_custom_separator (config, separator);
      g_assert_false (resolve (config, &settings, &error));
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, "custom-separator"));
    }
  for (gsize size = 1; size <= 16; size++)
    {
      g_autoptr (GBytes) separator = g_bytes_new_static (bytes, size);

      g_clear_error (&error);
      procstream_output_config_set_custom_separator (config, separator);
      g_assert_true (resolve (config, &settings, &error));
      g_assert_no_error (error);
      g_assert_cmpmem (settings.lines.custom, settings.lines.custom_size, bytes, size);
    }
}

static void
test_resolve (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamOutputConfig) config = g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, NULL);
  ProcstreamOutputSettings settings;

  for (gsize i = 0; i < G_N_ELEMENTS (settings_of_each_kind); i++)
    set_number (config, settings_of_each_kind[i].property, settings_of_each_kind[i].value);
  procstream_output_config_set_backend (config, PROCSTREAM_BACKEND_BROADCAST);
  g_assert_true (resolve (config, &settings, &error));
  g_assert_no_error (error);
  g_assert_cmpint (settings.backend, ==, PROCSTREAM_BACKEND_BROADCAST);
  g_assert_cmpint (settings.reader, ==, PROCSTREAM_READER_MODE_CONTEXT);
  g_assert_cmpint (settings.delivery, ==, PROCSTREAM_DELIVERY_LOSSY);
  g_assert_cmpint (settings.log.replay, ==, PROCSTREAM_REPLAY_LAST_BYTES);
  g_assert_cmpuint (settings.log.replay_limit, ==, 77);
  g_assert_cmpuint (settings.log.max_chunks, ==, 5);
  g_assert_cmpuint (settings.log.max_bytes, ==, 6789);
  g_assert_cmpuint (settings.log.max_replay_bytes, ==, 4321);
  g_assert_cmpuint (settings.log.rule.size, ==, 2);
  g_assert_cmpint (settings.max_stall_ms, ==, 60000);
  g_assert_cmpuint (settings.read_chunk_size, ==, 123);
  g_assert_cmpint (settings.lines.separator, ==, PROCSTREAM_LINE_SEPARATOR_CRLF);
  g_assert_cmpuint (settings.lines.max_length, ==, 99);
  g_assert_cmpint (settings.lines.overflow, ==, PROCSTREAM_LINE_OVERFLOW_TRUNCATE);
}

static void
test_inherited_policy (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (ProcstreamOutputConfig) config = g_object_new (PROCSTREAM_TYPE_OUTPUT_CONFIG, NULL);
  ProcstreamOutputSettings settings;

  g_assert_true (procstream_output_config_resolve (NULL, "make", PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_CHUNKS, 3, &settings, &error));
  g_assert_cmpint (settings.backend, ==, PROCSTREAM_BACKEND_BROADCAST);
  g_assert_cmpint (settings.delivery, ==, PROCSTREAM_DELIVERY_LOSSY);
  g_assert_cmpint (settings.log.replay, ==, PROCSTREAM_REPLAY_LAST_CHUNKS);
  g_assert_cmpuint (settings.log.replay_limit, ==, 3);
  g_assert_cmpuint (settings.log.max_chunks, ==, PROCSTREAM_DEFAULT_MAX_BUFFERED_CHUNKS);

  procstream_output_config_set_delivery (config, PROCSTREAM_DELIVERY_RELIABLE);
  procstream_output_config_set_replay_limit (config, 9);
  g_assert_true (procstream_output_config_resolve (config, "make", PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_CHUNKS, 3, &settings, &error));
  g_assert_cmpint (settings.delivery, ==, PROCSTREAM_DELIVERY_RELIABLE);
  g_assert_cmpint (settings.log.replay, ==, PROCSTREAM_REPLAY_LAST_CHUNKS);
  g_assert_cmpuint (settings.log.replay_limit, ==, 9);

  /* Three chunks say nothing about bytes. */
  procstream_output_config_set_replay (config, PROCSTREAM_REPLAY_LAST_BYTES);
  procstream_output_config_set_replay_limit (config, 0);
  g_assert_false (procstream_output_config_resolve (config, "make", PROCSTREAM_DELIVERY_LOSSY, PROCSTREAM_REPLAY_LAST_CHUNKS, 3, &settings, &error));
  g_assert_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY);
}

static void
test_unset (void)
{
  const char *choices[] = { "backend", "delivery", "replay", "reader", "line-separator", "line-overflow" };

  assert_refused (NULL, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "delivery");
  for (gsize i = 0; i < G_N_ELEMENTS (choices); i++)
    {
      g_autoptr (ProcstreamOutputConfig) config = new_complete ();

      g_object_set (config, choices[i], 0, NULL);
      assert_refused (config, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, choices[i]);
    }
}

static void
test_replay_limit (void)
{
  const ProcstreamReplay   limited[] = { PROCSTREAM_REPLAY_LAST_CHUNKS, PROCSTREAM_REPLAY_LAST_BYTES, PROCSTREAM_REPLAY_LAST_LINES,
                                         PROCSTREAM_REPLAY_LAST_MS };
  ProcstreamOutputSettings settings;

  for (gsize i = 0; i < G_N_ELEMENTS (limited); i++)
    {
      g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_LOSSY, limited[i]);

      assert_refused (config, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY, "replay-limit");
      procstream_output_config_set_replay_limit (config, 1);
      g_assert_true (resolve (config, &settings, NULL));
      procstream_output_config_set_replay_limit (config, 0);
      procstream_output_config_set_replay (config, PROCSTREAM_REPLAY_ALL);
      g_assert_true (resolve (config, &settings, NULL));
    }
}

static void
test_sizes (void)
{
  const char *sizes[] = { "read-chunk-size", "max-buffered-chunks", "max-buffered-bytes", "max-replay-bytes", "max-stall-ms", "max-line-length" };
  g_autoptr (ProcstreamOutputConfig) big = new_complete ();
  g_autoptr (ProcstreamOutputConfig) narrow = new_complete ();
  ProcstreamOutputSettings settings;

  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (ProcstreamOutputConfig) config = new_complete ();

      set_number (config, sizes[i], 0);
      assert_refused (config, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, sizes[i]);
    }
  procstream_output_config_set_read_chunk_size (big, G_MAXUINT);
  assert_refused (big, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "read-chunk-size");
  procstream_output_config_set_max_line_length (narrow, PROCSTREAM_SMALLEST_MAX_LINE_LENGTH - 1);
  assert_refused (narrow, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "max-line-length");
  procstream_output_config_set_max_line_length (narrow, PROCSTREAM_SMALLEST_MAX_LINE_LENGTH);
  g_assert_true (resolve (narrow, &settings, NULL));
}

/* No output is made with a size of nothing, whatever its back end; the error says which size it is. */
static void
test_no_size (void)
{
  const char *const       sizes[] = { "read-chunk-size", "max-buffered-chunks", "max-buffered-bytes", "max-line-length" };
  const ProcstreamBackend backends[] = { PROCSTREAM_BACKEND_BROADCAST, PROCSTREAM_BACKEND_SINGLE };

  for (guint i = 0; i < G_N_ELEMENTS (sizes) * G_N_ELEMENTS (backends); i++)
    {
      g_autoptr (ProcstreamOutputConfig) config = procstream_output_config_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
      g_autoptr (GError) error = NULL;
      int fds[2];

      g_assert_true (g_unix_open_pipe (fds, FD_CLOEXEC, NULL));
      g_object_set (config, "backend", backends[i % 2], NULL);
      if (i / 2 == 2)
        procstream_output_config_set_max_buffered_bytes (config, 0);
      else
        g_object_set (config, sizes[i / 2], 0, NULL);
      g_assert_null (procstream_output_new_take_fd (fds[0], "nothing", config, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "“nothing”"));
      g_assert_nonnull (strstr (error->message, sizes[i / 2]));
      g_assert_cmpint (fcntl (fds[0], F_GETFD), ==, -1);
      close (fds[1]);
    }
}

/* What C and bindings can smuggle into an enumeration. */
static void
test_out_of_range (void)
{
  g_autoptr (ProcstreamOutputConfig) config = new_complete ();

  procstream_output_config_set_delivery (config, 42);
  assert_refused (config, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "delivery");
  procstream_output_config_set_delivery (config, PROCSTREAM_DELIVERY_LOSSY);
  procstream_output_config_set_line_overflow (config, -1);
  assert_refused (config, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "line-overflow");
}

static void
test_no_policy (void)
{
  g_autoptr (ProcstreamOutputConfig) discard = procstream_output_config_new_discard ();
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();
  ProcstreamOutputSettings settings;

  procstream_output_config_set_read_chunk_size (discard, 0);
  g_assert_true (resolve (discard, &settings, NULL));
  g_assert_cmpint (settings.backend, ==, PROCSTREAM_BACKEND_DISCARD);
  g_assert_cmpint (settings.delivery, !=, PROCSTREAM_DELIVERY_UNSET);
  g_assert_cmpint (settings.log.replay, !=, PROCSTREAM_REPLAY_UNSET);
  g_assert_cmpuint (settings.read_chunk_size, >, 0);
  g_assert_true (resolve (inherit, &settings, NULL));
  g_assert_cmpint (settings.backend, ==, PROCSTREAM_BACKEND_INHERIT);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/output-config/error-domain", test_error_domain);
  g_test_add_func ("/output-config/defaults", test_defaults);
  g_test_add_func ("/output-config/properties", test_properties);
  g_test_add_func ("/output-config/file", test_file);
  g_test_add_func ("/output-config/filters", test_filters);
  g_test_add_func ("/output-config/custom-separator", test_custom_separator);
  g_test_add_func ("/output-config/custom-separator-is-checked", test_custom_separator_is_checked);
  g_test_add_func ("/output-config/resolve", test_resolve);
  g_test_add_func ("/output-config/inherited-policy", test_inherited_policy);
  g_test_add_func ("/output-config/unset", test_unset);
  g_test_add_func ("/output-config/replay-limit", test_replay_limit);
  g_test_add_func ("/output-config/sizes", test_sizes);
  g_test_add_func ("/output-config/no-size", test_no_size);
  g_test_add_func ("/output-config/out-of-range", test_out_of_range);
  g_test_add_func ("/output-config/no-policy", test_no_policy);
  return g_test_run ();
}
