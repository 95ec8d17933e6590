/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From a public configuration, which may be incomplete or wrong, to settings that everything below relies on. */

#include "procstream-output-config-private.h"

#include "procstream-error.h"
#include "procstream-line-filter-private.h"
#include "procstream-output-config.h"

G_STATIC_ASSERT (PROCSTREAM_LINE_RULE_MAX_SIZE == PROCSTREAM_LARGEST_CUSTOM_SEPARATOR);

/* One read never needs more: the largest pipe that an unprivileged user gets is 1 MiB. */
#define MAX_READ_CHUNK_SIZE (16 * 1024 * 1024)

static gboolean
unset (const char *owner,
       const char *property,
       GError    **error)
{
  g_set_error (error, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_UNSET_POLICY,
               "“%s”: the property “%s” is not set, and has no default (in JavaScript, a misspelled value counts as not set)", owner, property);
  return FALSE;
}

static gboolean
invalid (const char *owner,
         const char *property,
         guint64     value,
         GError    **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s”: the property “%s” must not be %" G_GUINT64_FORMAT, owner, property, value);
  return FALSE;
}

/* C lets any number pass for an enumeration, and so may a language binding. */
static gboolean
check_choice (const char *owner,
              const char *property,
              guint       value,
              guint       last,
              GError    **error)
{
  if (value == 0)
    return unset (owner, property, error);
  return value <= last || invalid (owner, property, value, error);
}

static gboolean
check_size (const char *owner,
            const char *property,
            guint64     value,
            guint64     largest,
            GError    **error)
{
  return (value > 0 && value <= largest) || invalid (owner, property, value, error);
}

static gboolean
check_line_length (const char *owner,
                   guint       value,
                   GError    **error)
{
  if (value >= PROCSTREAM_SMALLEST_MAX_LINE_LENGTH)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s”: the property “max-line-length” must be at least %d, not %u", owner, PROCSTREAM_SMALLEST_MAX_LINE_LENGTH, value);
  return FALSE;
}

gboolean
procstream_output_settings_is_read (const ProcstreamOutputSettings *settings)
{
  return settings->backend == PROCSTREAM_BACKEND_BROADCAST || settings->backend == PROCSTREAM_BACKEND_SINGLE;
}

static gboolean
check_custom_separator (const char                  *owner,
                        const ProcstreamLineOptions *lines,
                        GError                     **error)
{
  if (lines->custom_size > PROCSTREAM_LARGEST_CUSTOM_SEPARATOR)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "“%s”: the property “custom-separator” is longer than %d bytes", owner, PROCSTREAM_LARGEST_CUSTOM_SEPARATOR);
      return FALSE;
    }
  return lines->separator != PROCSTREAM_LINE_SEPARATOR_CUSTOM || lines->custom_size > 0 || unset (owner, "custom-separator", error);
}

static gboolean
check_encoding (const char *owner,
                const char *encoding,
                GError    **error)
{
  if (encoding == NULL || procstream_line_filter_check_encoding (encoding, NULL))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "“%s”: the property “encoding” is “%s”, from which there is no conversion", owner, encoding);
  return FALSE;
}

static gboolean
needs_limit (ProcstreamReplay replay)
{
  return replay == PROCSTREAM_REPLAY_LAST_CHUNKS || replay == PROCSTREAM_REPLAY_LAST_BYTES ||
         replay == PROCSTREAM_REPLAY_LAST_LINES || replay == PROCSTREAM_REPLAY_LAST_MS;
}

static gboolean
check_policy (const ProcstreamOutputSettings *settings,
              const char                     *owner,
              GError                        **error)
{
  if (!procstream_output_settings_check_delivery (settings->delivery, owner, error) ||
      !check_choice (owner, "replay", settings->log.replay, PROCSTREAM_REPLAY_LAST_MS, error))
    return FALSE;
  if (needs_limit (settings->log.replay) && settings->log.replay_limit == 0)
    return unset (owner, "replay-limit", error);
  return check_choice (owner, "reader", settings->reader, PROCSTREAM_READER_MODE_CONTEXT, error);
}

static gboolean
check_sizes (const ProcstreamOutputSettings *settings,
             const char                     *owner,
             GError                        **error)
{
  return check_size (owner, "read-chunk-size", settings->read_chunk_size, MAX_READ_CHUNK_SIZE, error) &&
         check_size (owner, "max-buffered-chunks", settings->log.max_chunks, G_MAXUINT, error) &&
         check_size (owner, "max-buffered-bytes", settings->log.max_bytes, G_MAXUINT64, error) &&
         check_size (owner, "max-replay-bytes", settings->log.max_replay_bytes, G_MAXUINT64, error) &&
         (settings->max_stall_ms == -1 || check_size (owner, "max-stall-ms", settings->max_stall_ms, G_MAXINT64, error));
}

gboolean
procstream_output_settings_check_lines (const ProcstreamLineOptions *lines,
                                        const char                  *owner,
                                        GError                     **error)
{
  return check_choice (owner, "line-separator", lines->separator, PROCSTREAM_LINE_SEPARATOR_CUSTOM, error) &&
         check_custom_separator (owner, lines, error) &&
         check_encoding (owner, lines->encoding, error) &&
         check_line_length (owner, lines->max_length, error) &&
         check_choice (owner, "line-overflow", lines->overflow, PROCSTREAM_LINE_OVERFLOW_TRUNCATE, error);
}

gboolean
procstream_output_settings_check_delivery (ProcstreamDelivery delivery,
                                           const char        *owner,
                                           GError           **error)
{
  return check_choice (owner, "delivery", delivery, PROCSTREAM_DELIVERY_RELIABLE, error);
}

static void
set_defaults (ProcstreamOutputSettings *settings)
{
  *settings = (ProcstreamOutputSettings){
    .backend = PROCSTREAM_BACKEND_BROADCAST,
    .reader = PROCSTREAM_READER_MODE_THREAD,
    .log = {
        .max_chunks = PROCSTREAM_DEFAULT_MAX_BUFFERED_CHUNKS,
        .max_bytes = PROCSTREAM_DEFAULT_MAX_BUFFERED_BYTES,
        .max_replay_bytes = PROCSTREAM_DEFAULT_MAX_REPLAY_BYTES,
    },
    .read_chunk_size = PROCSTREAM_DEFAULT_READ_CHUNK_SIZE,
    .max_stall_ms = -1,
    .lines = {
        .separator = PROCSTREAM_LINE_SEPARATOR_NEWLINE,
        .max_length = PROCSTREAM_DEFAULT_MAX_LINE_LENGTH,
        .overflow = PROCSTREAM_LINE_OVERFLOW_SPLIT,
    },
  };
}

static void
take_config (ProcstreamOutputSettings *settings,
             ProcstreamOutputConfig   *config)
{
  *settings = (ProcstreamOutputSettings){
    .backend = procstream_output_config_get_backend (config),
    .reader = procstream_output_config_get_reader (config),
    .delivery = procstream_output_config_get_delivery (config),
    .log = {
        .replay = procstream_output_config_get_replay (config),
        .replay_limit = procstream_output_config_get_replay_limit (config),
        .max_chunks = procstream_output_config_get_max_buffered_chunks (config),
        .max_bytes = procstream_output_config_get_max_buffered_bytes (config),
        .max_replay_bytes = procstream_output_config_get_max_replay_bytes (config),
    },
    .read_chunk_size = procstream_output_config_get_read_chunk_size (config),
    .max_stall_ms = procstream_output_config_get_max_stall_ms (config),
    .lines = {
        .separator = procstream_output_config_get_line_separator (config),
        .max_length = procstream_output_config_get_max_line_length (config),
        .overflow = procstream_output_config_get_line_overflow (config),
        .strip_escapes = procstream_output_config_get_strip_escapes (config),
        .encoding = procstream_output_config_get_encoding (config),
    },
  };
  if (procstream_output_config_get_custom_separator (config))
    procstream_line_options_set_custom (&settings->lines, procstream_output_config_get_custom_separator (config));
}

/* A limit in chunks says nothing about bytes: it is inherited only together with the kind of replay that it belongs to. */
static void
inherit (ProcstreamOutputSettings *settings,
         ProcstreamDelivery        delivery,
         ProcstreamReplay          replay,
         guint64                   replay_limit)
{
  if (settings->delivery == PROCSTREAM_DELIVERY_UNSET)
    settings->delivery = delivery;
  if (settings->log.replay == PROCSTREAM_REPLAY_UNSET)
    settings->log.replay = replay;
  if (settings->log.replay_limit == 0 && settings->log.replay == replay)
    settings->log.replay_limit = replay_limit;
}

/* Nothing is ever read, so nothing can be wrong; but users of the settings may rely on their being complete. */
static void
set_unread (ProcstreamOutputSettings *settings)
{
  ProcstreamBackend backend = settings->backend;

  set_defaults (settings);
  settings->backend = backend;
  settings->delivery = PROCSTREAM_DELIVERY_LOSSY;
  settings->log.replay = PROCSTREAM_REPLAY_NONE;
}

gboolean
procstream_output_config_resolve (ProcstreamOutputConfig   *config,
                                  const char               *owner,
                                  ProcstreamDelivery        delivery,
                                  ProcstreamReplay          replay,
                                  guint64                   replay_limit,
                                  ProcstreamOutputSettings *settings,
                                  GError                  **error)
{
  if (config)
    take_config (settings, config);
  else
    set_defaults (settings);
  if (!check_choice (owner, "backend", settings->backend, PROCSTREAM_BACKEND_FILE, error))
    return FALSE;
  if (!procstream_output_settings_is_read (settings))
    {
      set_unread (settings);
      return TRUE;
    }
  inherit (settings, delivery, replay, replay_limit);
  if (!check_policy (settings, owner, error) ||
      !check_sizes (settings, owner, error) ||
      !procstream_output_settings_check_lines (&settings->lines, owner, error))
    return FALSE;
  procstream_line_rule_init (&settings->log.rule, &settings->lines);
  return TRUE;
}
