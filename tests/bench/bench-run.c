/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

ProcstreamOutputConfig *
bench_config_new (const BenchOptions *options)
{
  ProcstreamOutputConfig *config = procstream_output_config_new (options->delivery, PROCSTREAM_REPLAY_NONE);

  procstream_output_config_set_reader (config, options->reader);
  if (options->chunk_size > 0)
    procstream_output_config_set_read_chunk_size (config, options->chunk_size);
  return config;
}

void
bench_child_create (BenchChild         *self,
                    const BenchOptions *options,
                    const char *const  *argv)
{
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (options->delivery, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamOutputConfig) config = bench_config_new (options);
  g_autoptr (ProcstreamOutputConfig) inherit = procstream_output_config_new_inherit ();
  g_autoptr (GError) error = NULL;

  procstream_launcher_set_stdout_config (launcher, config);
  procstream_launcher_set_stderr_config (launcher, inherit);
  procstream_launcher_set_stdin_mode (launcher, PROCSTREAM_STDIN_MODE_INHERIT);
  self->child = procstream_launcher_create (launcher, argv, &error);
  if (self->child == NULL)
    g_error ("%s: %s", argv[0], error->message);
  self->output = g_object_ref (procstream_child_get_stdout (self->child));
}

void
bench_child_start (BenchChild *self)
{
  g_autoptr (GError) error = NULL;

  if (!procstream_child_start (self->child, &error))
    g_error ("%s", error->message);
}

void
bench_child_finish (BenchChild *self)
{
  g_autoptr (GError) error = NULL;

  if (!procstream_child_wait (self->child, PROCSTREAM_NO_TIMEOUT, NULL, &error))
    g_error ("%s", error->message);
  g_clear_object (&self->output);
  g_clear_object (&self->child);
}
