/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-spawn-private.h"

#include <procstream/procstream.h>

#include <errno.h>
#include <string.h>

#define HELPER "/bin/sh" /* something that can be run */

static ProcstreamSpawnRequest *
new_request (void)
{
  const char *const       argv[] = { "prog", "secret", NULL };
  ProcstreamSpawnRequest *request = procstream_spawn_request_new ("the job", argv);

  request->helper = g_strdup (HELPER);
  request->path = g_strdup ("/bin");
  request->cwd = g_strdup ("/the/place");
  return request;
}

/* Every error names the process and never an argument; @what and the cause, if there is one, are in it as well. Takes both. */
static void
assert_error (ProcstreamSpawnRequest *request,
              GError                 *error,
              GQuark                  domain,
              int                     code,
              const char             *what,
              int                     cause)
{
  g_assert_error (error, domain, code);
  g_assert_true (g_str_has_prefix (error->message, "Could not start “the job”: "));
  g_assert_null (strstr (error->message, "secret"));
  g_assert_nonnull (strstr (error->message, what));
  if (cause)
    g_assert_true (g_str_has_suffix (error->message, g_strerror (cause)));
  g_error_free (error);
  procstream_spawn_request_free (request);
}

static void
assert_report (ProcstreamHelperStep step,
               int                  cause,
               int                  value,
               GQuark               domain,
               int                  code,
               const char          *what)
{
  ProcstreamHelperReport  report = { step, cause, value };
  ProcstreamSpawnRequest *request = new_request ();

  assert_error (request, procstream_spawn_error_from_report (request, &report), domain, code, what, cause);
}

typedef struct
{
  int cause;
  int code;
} Mapping;

/* What exec() fails with has codes of GLib's, which programs look for. */
static const Mapping exec_mappings[] = {
  { EACCES, G_SPAWN_ERROR_ACCES },
  { EPERM, G_SPAWN_ERROR_PERM },
  { E2BIG, G_SPAWN_ERROR_TOO_BIG },
  { ENOEXEC, G_SPAWN_ERROR_NOEXEC },
  { ENAMETOOLONG, G_SPAWN_ERROR_NAMETOOLONG },
  { ENOENT, G_SPAWN_ERROR_NOENT },
  { ENOMEM, G_SPAWN_ERROR_NOMEM },
  { ENOTDIR, G_SPAWN_ERROR_NOTDIR },
  { ELOOP, G_SPAWN_ERROR_LOOP },
  { ETXTBSY, G_SPAWN_ERROR_TXTBUSY },
  { EIO, G_SPAWN_ERROR_IO },
  { EINVAL, G_SPAWN_ERROR_INVAL },
  { EISDIR, G_SPAWN_ERROR_ISDIR },
  { ELIBBAD, G_SPAWN_ERROR_LIBBAD },
  { EAGAIN, G_SPAWN_ERROR_FORK },
  { EFAULT, G_SPAWN_ERROR_FAILED }, /* has none */
};

static void
test_exec (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (exec_mappings); i++)
    assert_report (PROCSTREAM_HELPER_STEP_EXEC, exec_mappings[i].cause, 0, G_SPAWN_ERROR, exec_mappings[i].code,
                   exec_mappings[i].cause == E2BIG ? "its arguments and environment" : "the program “prog”");
}

/* Only a program that was searched for, and not found, is said to have been. */
static void
test_searched (void)
{
  const char *const      searched = ", searched for in PATH";
  ProcstreamHelperReport report = { PROCSTREAM_HELPER_STEP_EXEC, EACCES, 0 };

  for (int i = 0; i < 3; i++)
    {
      ProcstreamSpawnRequest *request = new_request ();
      g_autoptr (GError) error = NULL;

      report.error = i == 0 ? EACCES : ENOENT;
      if (i == 1)
        g_clear_pointer (&request->path, g_free);
      error = procstream_spawn_error_from_report (request, &report);
      g_assert_cmpint (strstr (error->message, searched) != NULL, ==, i == 2);
      procstream_spawn_request_free (request);
    }
}

/* Whatever exec() calls it: the file is there, and what runs it is not. */
static void
test_interpreter (void)
{
  assert_report (PROCSTREAM_HELPER_STEP_INTERPRETER, ENOENT, 0, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT, "the interpreter of “prog”");
}

static void
test_chdir (void)
{
  const int causes[] = { ENOENT, EACCES, ENOTDIR, ENAMETOOLONG };

  for (gsize i = 0; i < G_N_ELEMENTS (causes); i++)
    assert_report (PROCSTREAM_HELPER_STEP_CHDIR, causes[i], 0, G_SPAWN_ERROR, G_SPAWN_ERROR_CHDIR,
                   "the working directory “/the/place”");
}

static void
test_group (void)
{
  assert_report (PROCSTREAM_HELPER_STEP_GROUP, EPERM, 0, G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, "its process group");
}

static void
test_descriptor (void)
{
  assert_report (PROCSTREAM_HELPER_STEP_FD, EINVAL, 700, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "its descriptor 700");
  assert_report (PROCSTREAM_HELPER_STEP_FD, EPERM, 3, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "its descriptor 3");
}

/* The one shortage of descriptors that a program can wait out has one code, at whatever step it strikes. */
static void
test_shortage (void)
{
  const ProcstreamHelperStep steps[] = {
    PROCSTREAM_HELPER_STEP_BLOCK, PROCSTREAM_HELPER_STEP_GROUP, PROCSTREAM_HELPER_STEP_CHDIR,
    PROCSTREAM_HELPER_STEP_FD, PROCSTREAM_HELPER_STEP_EXEC, PROCSTREAM_HELPER_STEP_INTERPRETER
  };
  const int causes[] = { EMFILE, ENFILE, ETOOMANYREFS };

  for (gsize i = 0; i < G_N_ELEMENTS (causes); i++)
    {
      ProcstreamSpawnRequest *request = new_request ();

      for (gsize j = 0; j < G_N_ELEMENTS (steps); j++)
        assert_report (steps[j], causes[i], 0, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "");
      assert_error (request, procstream_spawn_error_from_errno (request, causes[i]), G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "",
                    causes[i]);
    }
}

/* Not the program's fault: the helper is of another build, or gone before it said anything, or says what it cannot. */
static void
test_bad_helper (void)
{
  ProcstreamSpawnRequest *request = new_request ();
  ProcstreamHelperReport  unknown = { 99, 0, 0 };
  ProcstreamHelperReport  none = { PROCSTREAM_HELPER_STEP_NONE, 0, 1 };
  ProcstreamHelperReport  block = { PROCSTREAM_HELPER_STEP_BLOCK, EINVAL, 0 };

  assert_error (request, procstream_spawn_error_from_report (request, &block), PROCSTREAM_CHILD_ERROR,
                PROCSTREAM_CHILD_ERROR_NO_HELPER, "“" HELPER "” does not belong to this version", 0);
  request = new_request ();
  assert_error (request, procstream_spawn_error_from_report (request, NULL), PROCSTREAM_CHILD_ERROR,
                PROCSTREAM_CHILD_ERROR_NO_HELPER, "“" HELPER "” ended before it was done", 0);
  request = new_request ();
  assert_error (request, procstream_spawn_error_from_report (request, &none), PROCSTREAM_CHILD_ERROR,
                PROCSTREAM_CHILD_ERROR_NO_HELPER, "ended before it was done", 0);
  request = new_request ();
  assert_error (request, procstream_spawn_error_from_report (request, &unknown), PROCSTREAM_CHILD_ERROR,
                PROCSTREAM_CHILD_ERROR_NO_HELPER, "ended before it was done", 0);
}

/* Before there is a helper: only what a socket says differs from what exec() says. */
static void
test_from_errno (void)
{
  const Mapping socket_mappings[] = {
    { ENOMEM, G_SPAWN_ERROR_NOMEM },
    { EPIPE, G_SPAWN_ERROR_FAILED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (socket_mappings); i++)
    {
      ProcstreamSpawnRequest *request = new_request ();

      assert_error (request, procstream_spawn_error_from_errno (request, socket_mappings[i].cause), G_SPAWN_ERROR,
                    socket_mappings[i].code, "no socket to its helper program", socket_mappings[i].cause);
    }
}

/* As GLib words it: the code is always the same. */
static GError *
new_subprocess_error (int cause)
{
  return g_error_new (G_SPAWN_ERROR, G_SPAWN_ERROR_FAILED, "Failed to execute child process “%s” (%s)", HELPER, g_strerror (cause));
}

static void
assert_subprocess (int         cause,
                   GQuark      domain,
                   int         code,
                   const char *what)
{
  ProcstreamSpawnRequest *request = new_request ();
  g_autoptr (GError) error = new_subprocess_error (cause);

  assert_error (request, procstream_spawn_error_from_subprocess (request, error), domain, code, what,
                domain == PROCSTREAM_CHILD_ERROR ? 0 : cause);
}

static void
test_from_subprocess (void)
{
  assert_subprocess (E2BIG, G_SPAWN_ERROR, G_SPAWN_ERROR_TOO_BIG, "its arguments and environment");
  assert_subprocess (EAGAIN, G_SPAWN_ERROR, G_SPAWN_ERROR_FORK, "no new process");
  assert_subprocess (ENOMEM, G_SPAWN_ERROR, G_SPAWN_ERROR_NOMEM, "no new process");
  assert_subprocess (EMFILE, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "no new process");
  assert_subprocess (ENFILE, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES, "no new process");
  /* Anything else has to do with the helper, and is told as GLib told it. */
  assert_subprocess (ENOEXEC, PROCSTREAM_CHILD_ERROR, PROCSTREAM_CHILD_ERROR_NO_HELPER, g_strerror (ENOEXEC));
}

/* That the helper is not there outweighs what GLib made of it. */
static void
test_helper_missing (void)
{
  const int causes[] = { ENOENT, E2BIG, ENOMEM };

  for (gsize i = 0; i < G_N_ELEMENTS (causes); i++)
    {
      ProcstreamSpawnRequest *request = new_request ();
      g_autoptr (GError) error = new_subprocess_error (causes[i]);

      g_free (request->helper);
      request->helper = g_strdup ("/nowhere/helper");
      assert_error (request, procstream_spawn_error_from_subprocess (request, error), PROCSTREAM_CHILD_ERROR,
                    PROCSTREAM_CHILD_ERROR_NO_HELPER, "“/nowhere/helper” cannot be run", ENOENT);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spawn-error/exec", test_exec);
  g_test_add_func ("/spawn-error/searched", test_searched);
  g_test_add_func ("/spawn-error/interpreter", test_interpreter);
  g_test_add_func ("/spawn-error/chdir", test_chdir);
  g_test_add_func ("/spawn-error/group", test_group);
  g_test_add_func ("/spawn-error/descriptor", test_descriptor);
  g_test_add_func ("/spawn-error/shortage", test_shortage);
  g_test_add_func ("/spawn-error/bad-helper", test_bad_helper);
  g_test_add_func ("/spawn-error/from-errno", test_from_errno);
  g_test_add_func ("/spawn-error/from-subprocess", test_from_subprocess);
  g_test_add_func ("/spawn-error/helper-missing", test_helper_missing);
  return g_test_run ();
}
