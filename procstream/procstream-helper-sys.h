/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

/* The one thin layer between the helper and the kernel. With PROCSTREAM_HELPER_FREESTANDING there is no C library below: loading and
 * starting one takes longer than all that the helper does. Its headers are used for types and constants only. */

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifdef PROCSTREAM_HELPER_FREESTANDING

#if defined(__x86_64__) && defined(__LP64__)

static inline long
sys (long number,
     long a,
     long b,
     long c,
     long d,
     long e)
{
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  long          result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

/* The stack as the kernel leaves it: argc, argv, NULL, envp, NULL. */
__asm__(".globl _start\n"
        ".type _start, @function\n"
        "_start:\n"
        "  xor %ebp, %ebp\n"
        "  mov %rsp, %rdi\n"
        "  and $-16, %rsp\n"
        "  call helper_start\n"
        "  hlt\n"
        /* An object without this note would ask for an executable stack. */
        ".section .note.GNU-stack, \"\", @progbits\n"
        ".text\n");

#elif defined(__aarch64__) && defined(__LP64__)

static inline long
sys (long number,
     long a,
     long b,
     long c,
     long d,
     long e)
{
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;

  __asm__ volatile("svc #0"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
                   : "memory", "cc");
  return x0;
}

/* The same stack; it is aligned. */
__asm__(".globl _start\n"
        ".type _start, %function\n"
        "_start:\n"
        "  mov x29, #0\n"
        "  mov x30, #0\n"
        "  mov x0, sp\n"
        "  bl helper_start\n"
        "  brk #0\n"
        ".section .note.GNU-stack, \"\", %progbits\n"
        ".text\n");

#else
#error "The freestanding helper is written for x86-64 and AArch64; build the ordinary one"
#endif

/* What a compiler may call, C library or not, where a structure is cleared or copied: whether it does is its choice, by the machine and
 * the options. */
__attribute__ ((used)) void *memset (void *to, int value, size_t size);
__attribute__ ((used)) void *memcpy (void *to, const void *from, size_t size);

void *
memset (void  *to,
        int    value,
        size_t size)
{
  unsigned char *bytes = to;

  for (size_t i = 0; i < size; i++)
    bytes[i] = (unsigned char) value;
  return to;
}

void *
memcpy (void       *to,
        const void *from,
        size_t      size)
{
  unsigned char       *bytes = to;
  const unsigned char *others = from;

  for (size_t i = 0; i < size; i++)
    bytes[i] = others[i];
  return to;
}

static inline void
sys_set_mask (int full)
{
  uint64_t mask = full ? ~UINT64_C (0) : 0;

  sys (SYS_rt_sigprocmask, SIG_SETMASK, (long) &mask, 0, sizeof mask, 0);
}

/* One signal. */
static inline void
sys_change_mask (int how,
                 int signum)
{
  uint64_t mask = UINT64_C (1) << (signum - 1);

  sys (SYS_rt_sigprocmask, how, (long) &mask, 0, sizeof mask, 0);
}

static inline __attribute__ ((noreturn)) void
sys_exit (int status)
{
  for (;;)
    sys (SYS_exit_group, status, 0, 0, 0, 0);
}

#define HELPER_MAIN(func)                                            \
  __attribute__ ((noreturn, used)) void helper_start (char **stack); \
  void                                  helper_start (char **stack)  \
  {                                                                  \
    char **argv = stack + 1;                                         \
    func (argv, argv + (long) stack[0] + 1);                         \
  }

#else

#include <unistd.h>

static inline long
sys (long number,
     long a,
     long b,
     long c,
     long d,
     long e)
{
  long result = syscall (number, a, b, c, d, e);

  return result < 0 ? -errno : result;
}

static inline void
sys_set_mask (int full)
{
  sigset_t mask;

  if (full)
    sigfillset (&mask);
  else
    sigemptyset (&mask);
  sigprocmask (SIG_SETMASK, &mask, NULL);
}

static inline void
sys_change_mask (int how,
                 int signum)
{
  sigset_t mask;

  sigemptyset (&mask);
  sigaddset (&mask, signum);
  sigprocmask (how, &mask, NULL);
}

static inline __attribute__ ((noreturn)) void
sys_exit (int status)
{
  _exit (status);
}

#define HELPER_MAIN(func)                       \
  int main (int argc, char **argv, char **envp) \
  {                                             \
    (void) argc;                                \
    func (argv, envp);                          \
  }

#endif

/* What the kernel means by struct timespec and struct rusage, whatever a C library makes of them. */
struct kernel_time
{
  long seconds;
  long nanoseconds;
};

struct kernel_rusage
{
  long user_seconds;
  long user_microseconds;
  long system_seconds;
  long system_microseconds;
  long peak_kib;
  long others[13];
};

/* One message, or -EAGAIN. */
static inline long
sys_receive (int    socket,
             void  *data,
             size_t size)
{
  struct iovec  iov = { data, size };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

  return sys (SYS_recvmsg, socket, (long) &message, MSG_DONTWAIT, 0, 0);
}

static inline long
sys_send (int         socket,
          const void *data,
          size_t      size)
{
  struct iovec  iov = { (void *) data, size };
  struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };

  return sys (SYS_sendmsg, socket, (long) &message, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
}

/* As fork(), which a C library may want to know of. */
static inline long
sys_fork (void)
{
#ifdef PROCSTREAM_HELPER_FREESTANDING
  return sys (SYS_clone, SIGCHLD, 0, 0, 0, 0);
#else
  long pid = fork ();

  return pid < 0 ? -errno : pid;
#endif
}

/* The same, but this process goes on, and takes signals, no sooner than the other has ended. That is no signal, and waited for with
 * __WALL. -EINVAL: there is no such thing here, as in an emulator. */
static inline long
sys_fork_first (void)
{
#if defined(__sparc__)
  return -EINVAL; /* it returns in a way of its own */
#elif defined(__s390__)
  return sys (SYS_clone, 0, CLONE_VFORK, 0, 0, 0);
#else
  return sys (SYS_clone, CLONE_VFORK, 0, 0, 0, 0);
#endif
}

/* All zero is the default disposition and an empty mask, however the kernel's struct is laid out. Not signal(): a C library keeps
 * two signals for itself, and says so rather than reset them. */
static inline void
sys_reset_signal (int signum)
{
  static const uint64_t action[8];

  sys (SYS_rt_sigaction, signum, (long) action, 0, _NSIG / 8, 0);
}
