/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The last lines of both outputs of a child, as a list. */

#include <procstream/procstream.h>

static gboolean
follow (ProcstreamLogModel *model,
        ProcstreamOutput   *output,
        GError            **error)
{
  g_autoptr (ProcstreamConsumer) consumer = procstream_log_model_follow (model, output, error);

  return consumer != NULL;
}

static void
print_lines (ProcstreamLogModel *model)
{
  GListModel *list = G_LIST_MODEL (model);
  g_autoptr (ProcstreamLine) found = NULL;
  gint64 last;

  // [use]
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (ProcstreamLine) line = g_list_model_get_item (list, i);

      g_print ("%s: %s\n", procstream_line_get_stream (line), procstream_line_get_text (line));
    }
  g_print ("%d older lines are gone\n", (int) procstream_log_model_get_lines_dropped (model));
  last = procstream_log_model_find (model, "line", PROCSTREAM_FIND_FLAGS_BACKWARD, G_MAXUINT);
  found = g_list_model_get_item (list, last);
  g_print ("the last match is number %d of its output\n", (int) procstream_line_get_number (found));
  // [/use]
}

int
main (void)
{
  const char *const argv[] = { "sh", "-c", "for i in 1 2 3 4 5 6; do echo line $i; done", NULL };
  g_autoptr (ProcstreamLauncher) launcher = procstream_launcher_new (PROCSTREAM_DELIVERY_RELIABLE, PROCSTREAM_REPLAY_NONE);
  g_autoptr (ProcstreamLogModel) model = g_object_new (PROCSTREAM_TYPE_LOG_MODEL, "max-lines", 4, NULL);
  g_autoptr (ProcstreamChild) child = procstream_launcher_create (launcher, argv, NULL);
  g_autoptr (GError) error = NULL;

  // [model]
  if (!follow (model, procstream_child_get_stdout (child), &error) ||
      !follow (model, procstream_child_get_stderr (child), &error) ||
      !procstream_child_start (child, &error))
    {
      g_printerr ("%s\n", error->message);
      return 1;
    }
  // [/model]
  while (g_list_model_get_n_items (G_LIST_MODEL (model)) + procstream_log_model_get_lines_dropped (model) < 6)
    g_main_context_iteration (NULL, TRUE);
  print_lines (model);
  return procstream_child_wait (child, PROCSTREAM_NO_TIMEOUT, NULL, NULL) ? 0 : 1;
}
