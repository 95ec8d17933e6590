/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-tool-signals-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

/*
 * A handler can only write a byte to a pipe, whose other end is a source of the main context. The pipe is non-blocking: when it
 * is full, thousands of the same signals are waiting already. The handlers are this process's, so there is one record.
 *
 * A signal that was ignored when the tool was started, as under nohup, stays ignored.
 */
struct _ToolSignals
{
  guint source;
  int   pipe[2];
  void (*received) (gpointer user_data, int signum);
  gpointer user_data;
};

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };
static int       write_end = -1;

static void
handle (int signum)
{
  int           errsv = errno;
  unsigned char byte = signum;
  ssize_t       n = write (write_end, &byte, 1);

  (void) n;
  errno = errsv;
}

static void
install (int signum,
         void (*handler) (int))
{
  struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
  struct sigaction old;

  if (sigaction (signum, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
    sigaction (signum, &action, NULL);
}

static gboolean
readable_cb (int          fd,
             GIOCondition condition,
             gpointer     user_data)
{
  ToolSignals  *self = user_data;
  unsigned char byte;

  if (read (fd, &byte, 1) == 1)
    self->received (self->user_data, byte);
  return G_SOURCE_CONTINUE;
}

ToolSignals *
tool_signals_new (gboolean stops,
                  gboolean resizes,
                  void (*received) (gpointer user_data, int signum),
                  gpointer user_data)
{
  ToolSignals *self = g_new0 (ToolSignals, 1);

  self->received = received;
  self->user_data = user_data;
  if (pipe2 (self->pipe, O_CLOEXEC | O_NONBLOCK) < 0)
    g_error ("Cannot make a pipe: %s", g_strerror (errno));
  write_end = self->pipe[1];
  self->source = g_unix_fd_add (self->pipe[0], G_IO_IN, readable_cb, self);
  for (guint i = 0; i < G_N_ELEMENTS (passed_on); i++)
    install (passed_on[i], handle);
  if (stops)
    install (SIGTSTP, handle);
  if (resizes)
    install (SIGWINCH, handle);
  return self;
}

void
tool_signals_free (ToolSignals *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (passed_on); i++)
    install (passed_on[i], SIG_DFL);
  install (SIGTSTP, SIG_DFL);
  install (SIGWINCH, SIG_DFL);
  write_end = -1;
  g_source_remove (self->source);
  close (self->pipe[0]);
  close (self->pipe[1]);
  g_free (self);
}

void
tool_signals_stop (ToolSignals *self)
{
  install (SIGTSTP, SIG_DFL);
  raise (SIGTSTP);
  install (SIGTSTP, handle);
}
