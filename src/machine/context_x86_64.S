/* SPDX-License-Identifier: GPL-2.0-only */
/* stack_switch(void **save_sp, void *new_sp): keep what a callee must keep, change stacks. */
#ifdef __x86_64__
	.text
	.globl	stack_switch
	.hidden	stack_switch
	.type	stack_switch, @function
stack_switch:
	.cfi_startproc
	pushq	%rbp
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
	.cfi_endproc
	.size	stack_switch, . - stack_switch
#endif
	.section .note.GNU-stack, "", %progbits
