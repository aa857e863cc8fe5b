	.file	"<string>"
	.section	.rodata.cst8,"aM",@progbits,8
	.p2align	3, 0x0
.LCPI0_0:
	.quad	-2387225703656530209
.LCPI0_1:
	.quad	72340172838076673
.LCPI0_2:
	.quad	3472328296227680304
.LCPI0_3:
	.quad	2170205185142300190
.LCPI0_4:
	.quad	-72340172838076673
.LCPI0_5:
	.quad	8536140394893047414
.LCPI0_6:
	.quad	-9187201950435737472
.LCPI0_7:
	.quad	269488144
.LCPI0_8:
	.quad	16843009
.LCPI0_9:
	.quad	286331153
.LCPI0_10:
	.quad	15
.LCPI0_11:
	.quad	18
.LCPI0_12:
	.byte	255
	.byte	0
	.byte	255
	.byte	0
	.byte	0
	.byte	0
	.byte	0
	.byte	0
.LCPI0_13:
	.quad	6553601
.LCPI0_16:
	.quad	10000
	.section	.rodata.cst32,"aM",@progbits,32
	.p2align	5, 0x0
.LCPI0_14:
	.byte	4
	.byte	128
	.byte	6
	.byte	128
	.zero	1
	.zero	1
	.zero	1
	.zero	1
	.byte	12
	.byte	128
	.byte	14
	.byte	128
	.zero	1
	.zero	1
	.zero	1
	.zero	1
	.byte	20
	.byte	128
	.byte	22
	.byte	128
	.zero	1
	.zero	1
	.zero	1
	.zero	1
	.byte	28
	.byte	128
	.byte	30
	.byte	128
	.zero	1
	.zero	1
	.zero	1
	.zero	1
.LCPI0_15:
	.byte	2
	.byte	3
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	10
	.byte	11
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	18
	.byte	19
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	26
	.byte	27
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.byte	128
	.section	.ltext,"axl",@progbits
	.globl	_ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx
	.p2align	4
	.type	_ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx,@function
_ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx:
	pushq	%rbp
	pushq	%r15
	pushq	%r14
	pushq	%r13
	pushq	%r12
	pushq	%rbx
	movq	%rdi, -8(%rsp)
	testq	%rdx, %rdx
	jle	.LBB0_17
	movq	200(%rsp), %rcx
	movq	176(%rsp), %rdi
	movq	120(%rsp), %rbp
	movq	64(%rsp), %r15
	leaq	(%rdi,%rcx,8), %rsi
	cmpq	$4, %rdx
	jae	.LBB0_11
	xorl	%r8d, %r8d
.LBB0_3:
	movabsq	$72340172838076673, %r9
	movabsq	$3472328296227680304, %r11
	movabsq	$2170205185142300190, %rbx
	movabsq	$-72340172838076673, %r14
	jmp	.LBB0_6
	.p2align	4
.LBB0_4:
	movq	%r10, %rbp
.LBB0_5:
	movq	%r15, (%rbp,%r8,8)
	leaq	(,%r13,4), %rcx
	addq	%r13, %rcx
	shrq	$8, %r13
	leaq	(,%rcx,2), %rcx
	addq	%r13, %rcx
	movl	%ecx, %edi
	andl	$16711935, %edi
	imull	$6553601, %edi, %edi
	shrl	$16, %edi
	shrq	$32, %rcx
	andl	$16711935, %ecx
	imull	$6553601, %ecx, %ecx
	shrl	$16, %ecx
	imulq	$10000, %rdi, %rdi
	addq	%rcx, %rdi
	vcvtsi2sd	%rdi, %xmm7, %xmm0
	vmovsd	%xmm0, (%rsi,%r8,8)
	incq	%r8
	cmpq	%r8, %rdx
	movq	%rax, %r15
	je	.LBB0_17
.LBB0_6:
	movq	%rbp, %r10
	movq	%r15, %rax
	movq	(%r15,%r8,8), %r13
	movabsq	$-2387225703656530209, %rcx
	addq	%r13, %rcx
	andnq	%rcx, %r13, %rdi
	shrq	$7, %rdi
	andq	%r9, %rdi
	leaq	-1(%rdi), %rcx
	andnq	%rcx, %rdi, %r12
	xorq	%r11, %r13
	andq	%r12, %r13
	movq	%r13, %rcx
	xorq	%rbx, %rcx
	addq	%r14, %rcx
	andnq	%rcx, %r13, %rcx
	shrq	$7, %rcx
	andq	%r9, %rcx
	movq	%r12, %rbp
	shrq	$8, %rbp
	movq	%rcx, %r15
	subq	$1, %r15
	cmovbq	%r12, %rbp
	andnq	%r15, %rcx, %rcx
	movq	%rcx, %r15
	andq	%r13, %r15
	shrq	$8, %r13
	andnq	%r13, %rcx, %r13
	orq	%r15, %r13
	movl	$18, %r15d
	cmpq	$1, %rdi
	jb	.LBB0_4
	testq	%rbp, %rbp
	je	.LBB0_4
	movabsq	$8536140394893047414, %rdi
	addq	%r13, %rdi
	orq	%r13, %rdi
	movabsq	$-9187201950435737472, %rbp
	andq	%rbp, %rdi
	movq	%r10, %rbp
	jne	.LBB0_5
	andq	%r12, %rcx
	movl	%ecx, %edi
	andl	$16843009, %edi
	shrq	$28, %rcx
	andl	$269488144, %ecx
	orl	%edi, %ecx
	imull	$286331153, %ecx, %ecx
	shrl	$28, %ecx
	movq	(%rbp,%r8,8), %rdi
	leaq	(%rdi,%rdi,8), %r15
	addq	%rcx, %r15
	jmp	.LBB0_5
.LBB0_11:
	leaq	(,%rdx,8), %r8
	addq	%rbp, %r8
	addq	%rdx, %rcx
	leaq	(%rdi,%rcx,8), %r10
	leaq	(%r15,%rdx,8), %rdi
	cmpq	%r10, %rbp
	setb	%r11b
	cmpq	%r8, %rsi
	setb	%bl
	cmpq	%rdi, %rbp
	setb	%cl
	cmpq	%r8, %r15
	setb	%r9b
	cmpq	%rdi, %rsi
	setb	%dil
	cmpq	%r10, %r15
	setb	%r10b
	xorl	%r8d, %r8d
	testb	%bl, %r11b
	jne	.LBB0_3
	andb	%r9b, %cl
	jne	.LBB0_3
	andb	%r10b, %dil
	jne	.LBB0_3
	movabsq	$9223372036854775804, %r8
	andq	%rdx, %r8
	xorl	%r9d, %r9d
	movabsq	$.LCPI0_0, %rcx
	vpbroadcastq	(%rcx), %ymm0
	vpcmpeqd	%ymm1, %ymm1, %ymm1
	movabsq	$.LCPI0_1, %rcx
	vpbroadcastq	(%rcx), %ymm2
	movabsq	$.LCPI0_2, %rcx
	vpbroadcastq	(%rcx), %ymm3
	movabsq	$.LCPI0_3, %rcx
	vpbroadcastq	(%rcx), %ymm4
	movabsq	$.LCPI0_4, %rcx
	vpbroadcastq	(%rcx), %ymm5
	movabsq	$.LCPI0_5, %rcx
	vpbroadcastq	(%rcx), %ymm6
	movabsq	$.LCPI0_6, %rcx
	vpbroadcastq	(%rcx), %ymm7
	movabsq	$.LCPI0_7, %rcx
	vpbroadcastq	(%rcx), %ymm8
	movabsq	$.LCPI0_8, %rcx
	vpbroadcastq	(%rcx), %ymm9
	movabsq	$.LCPI0_9, %rcx
	vpbroadcastq	(%rcx), %ymm10
	movabsq	$.LCPI0_10, %rcx
	vpbroadcastq	(%rcx), %ymm11
	movabsq	$.LCPI0_11, %rcx
	vpbroadcastq	(%rcx), %ymm12
	movabsq	$.LCPI0_12, %rcx
	vpbroadcastq	(%rcx), %ymm13
	movabsq	$.LCPI0_13, %rcx
	vpbroadcastq	(%rcx), %ymm14
	movabsq	$.LCPI0_14, %rcx
	vmovdqa	(%rcx), %ymm15
	movabsq	$.LCPI0_15, %rcx
	vmovdqa64	(%rcx), %ymm16
	movabsq	$.LCPI0_16, %rcx
	vpbroadcastq	(%rcx), %ymm17
	.p2align	4
.LBB0_15:
	vmovdqu64	(%r15,%r9,8), %ymm18
	vpaddq	%ymm0, %ymm18, %ymm19
	vpandnq	%ymm19, %ymm18, %ymm19
	vpsrlq	$7, %ymm19, %ymm19
	vpandq	%ymm2, %ymm19, %ymm19
	vpaddq	%ymm1, %ymm19, %ymm20
	vpandnq	%ymm20, %ymm19, %ymm20
	vpternlogq	$72, %ymm3, %ymm20, %ymm18
	vpxorq	%ymm4, %ymm18, %ymm21
	vpaddq	%ymm5, %ymm21, %ymm21
	vpandnq	%ymm21, %ymm18, %ymm21
	vpsrlq	$7, %ymm21, %ymm21
	vpandq	%ymm2, %ymm21, %ymm21
	vpaddq	%ymm1, %ymm21, %ymm22
	vpandnq	%ymm22, %ymm21, %ymm22
	vpsrlq	$8, %ymm18, %ymm23
	vpternlogq	$184, %ymm18, %ymm22, %ymm23
	vptestmq	%ymm21, %ymm21, %k1
	vpandq	%ymm20, %ymm22, %ymm18
	vpsrlq	$8, %ymm20, %ymm20 {%k1}
	vpaddq	%ymm6, %ymm23, %ymm21
	vporq	%ymm23, %ymm21, %ymm21
	vptestmq	%ymm19, %ymm19, %k1
	vptestmq	%ymm20, %ymm20, %k1 {%k1}
	vptestnmq	%ymm7, %ymm21, %k1 {%k1}
	vpsrlq	$28, %ymm18, %ymm19
	vpandq	%ymm8, %ymm19, %ymm19
	vpternlogq	$248, %ymm9, %ymm18, %ymm19
	vpmuldq	%ymm10, %ymm19, %ymm18
	vpsrlq	$28, %ymm18, %ymm18
	vmovdqu64	(%rbp,%r9,8), %ymm19 {%k1} {z}
	vpandq	%ymm11, %ymm18, %ymm18
	vpsllq	$3, %ymm19, %ymm20
	vpaddq	%ymm19, %ymm20, %ymm19
	vmovdqa64	%ymm12, %ymm20
	vpaddq	%ymm18, %ymm19, %ymm20 {%k1}
	vmovdqu64	%ymm20, (%rbp,%r9,8)
	vpaddq	%ymm23, %ymm23, %ymm18
	vpsllq	$3, %ymm23, %ymm19
	vpaddq	%ymm18, %ymm19, %ymm18
	vpsrlq	$8, %ymm23, %ymm19
	vpaddq	%ymm19, %ymm18, %ymm18
	vpandq	%ymm13, %ymm18, %ymm19
	vpmuldq	%ymm14, %ymm19, %ymm19
	vpsrld	$16, %ymm19, %ymm19
	vpmuldq	%ymm17, %ymm19, %ymm19
	vpshufb	%ymm15, %ymm18, %ymm18
	vpmuldq	%ymm14, %ymm18, %ymm18
	vpshufb	%ymm16, %ymm18, %ymm18
	vpaddq	%ymm18, %ymm19, %ymm18
	vcvtqq2pd	%ymm18, %ymm18
	vmovups	%ymm18, (%rsi,%r9,8)
	addq	$4, %r9
	cmpq	%r9, %r8
	jne	.LBB0_15
	cmpq	%r8, %rdx
	jne	.LBB0_3
.LBB0_17:
	movq	-8(%rsp), %rax
	movq	$0, (%rax)
	xorl	%eax, %eax
	popq	%rbx
	popq	%r12
	popq	%r13
	popq	%r14
	popq	%r15
	popq	%rbp
	vzeroupper
	retq
.Lfunc_end0:
	.size	_ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx, .Lfunc_end0-_ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx

	.globl	_ZN7cpython8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx
	.p2align	4
	.type	_ZN7cpython8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx,@function
_ZN7cpython8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx:
	.cfi_startproc
	pushq	%rbp
	.cfi_def_cfa_offset 16
	pushq	%r15
	.cfi_def_cfa_offset 24
	pushq	%r14
	.cfi_def_cfa_offset 32
	pushq	%r13
	.cfi_def_cfa_offset 40
	pushq	%r12
	.cfi_def_cfa_offset 48
	pushq	%rbx
	.cfi_def_cfa_offset 56
	subq	$408, %rsp
	.cfi_def_cfa_offset 464
	.cfi_offset %rbx, -56
	.cfi_offset %r12, -48
	.cfi_offset %r13, -40
	.cfi_offset %r14, -32
	.cfi_offset %r15, -24
	.cfi_offset %rbp, -16
	movq	%rsi, %rdi
	leaq	176(%rsp), %rax
	movq	%rax, 16(%rsp)
	leaq	184(%rsp), %rax
	movq	%rax, 8(%rsp)
	leaq	192(%rsp), %rax
	movq	%rax, (%rsp)
	movabsq	$".const.make.<locals>.convert", %rsi
	movabsq	$PyArg_UnpackTuple, %r10
	xorl	%ebx, %ebx
	leaq	208(%rsp), %r8
	leaq	200(%rsp), %r9
	movl	$5, %edx
	movl	$5, %ecx
	xorl	%eax, %eax
	callq	*%r10
	testl	%eax, %eax
	je	.LBB1_26
	movabsq	$_ZN08NumbaEnv8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx, %rax
	cmpq	$0, (%rax)
	je	.LBB1_2
	movq	208(%rsp), %rdi
	movabsq	$PyNumber_Long, %rbp
	callq	*%rbp
	movabsq	$PyLong_AsLongLong, %r13
	movabsq	$Py_DecRef, %r15
	testq	%rax, %rax
	je	.LBB1_5
	movq	%rax, %rbx
	movq	%rax, %rdi
	callq	*%r13
	movq	%rax, %r14
	movq	%rbx, %rdi
	callq	*%r15
	movabsq	$PyErr_Occurred, %rax
	callq	*%rax
	testq	%rax, %rax
	jne	.LBB1_8
.LBB1_9:
	movq	200(%rsp), %rdi
	vxorps	%xmm0, %xmm0, %xmm0
	vmovups	%ymm0, 352(%rsp)
	vmovups	%ymm0, 376(%rsp)
	movabsq	$NRT_adapt_ndarray_from_python, %r12
	leaq	352(%rsp), %rsi
	vzeroupper
	callq	*%r12
	testl	%eax, %eax
	jne	.LBB1_11
	cmpq	$8, 376(%rsp)
	jne	.LBB1_11
	movq	352(%rsp), %r15
	movq	384(%rsp), %rbx
	movq	192(%rsp), %rdi
	vxorps	%xmm0, %xmm0, %xmm0
	vmovups	%ymm0, 288(%rsp)
	vmovups	%ymm0, 312(%rsp)
	leaq	288(%rsp), %rsi
	vzeroupper
	callq	*%r12
	testl	%eax, %eax
	jne	.LBB1_14
	cmpq	$8, 312(%rsp)
	jne	.LBB1_14
	movq	%r14, 168(%rsp)
	movq	288(%rsp), %rax
	movq	%rax, 160(%rsp)
	movq	320(%rsp), %r14
	movq	184(%rsp), %rdi
	vxorps	%xmm0, %xmm0, %xmm0
	vmovups	%ymm0, 224(%rsp)
	vmovups	%ymm0, 248(%rsp)
	leaq	224(%rsp), %rsi
	vzeroupper
	callq	*%r12
	testl	%eax, %eax
	jne	.LBB1_17
	cmpq	$8, 248(%rsp)
	jne	.LBB1_17
	movq	%r15, %r12
	movq	224(%rsp), %rax
	movq	%rax, 152(%rsp)
	movq	256(%rsp), %r15
	movq	176(%rsp), %rdi
	callq	*%rbp
	testq	%rax, %rax
	je	.LBB1_21
	movq	%rax, %rbp
	movq	%rax, %rdi
	callq	*%r13
	movq	%rax, %r13
	movq	%rbp, %rdi
	movabsq	$Py_DecRef, %rax
	callq	*%rax
	movabsq	$PyErr_Occurred, %rax
	callq	*%rax
	testq	%rax, %rax
	jne	.LBB1_22
.LBB1_25:
	movabsq	$PyEval_SaveThread, %rax
	callq	*%rax
	movq	%rax, %rbp
	movq	%r13, 144(%rsp)
	movq	%r15, 120(%rsp)
	movq	%r14, 64(%rsp)
	movq	%rbx, 8(%rsp)
	movabsq	$_ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx, %rax
	leaq	216(%rsp), %rdi
	movq	168(%rsp), %rdx
	callq	*%rax
	movabsq	$PyEval_RestoreThread, %rax
	movq	%rbp, %rdi
	callq	*%rax
	movabsq	$NRT_decref, %rbx
	movq	%r12, %rdi
	callq	*%rbx
	movq	160(%rsp), %rdi
	callq	*%rbx
	movq	152(%rsp), %rdi
	callq	*%rbx
	movabsq	$_Py_NoneStruct, %rbx
	movabsq	$Py_IncRef, %rax
	movq	%rbx, %rdi
	callq	*%rax
.LBB1_26:
	movq	%rbx, %rax
	addq	$408, %rsp
	.cfi_def_cfa_offset 56
	popq	%rbx
	.cfi_def_cfa_offset 48
	popq	%r12
	.cfi_def_cfa_offset 40
	popq	%r13
	.cfi_def_cfa_offset 32
	popq	%r14
	.cfi_def_cfa_offset 24
	popq	%r15
	.cfi_def_cfa_offset 16
	popq	%rbp
	.cfi_def_cfa_offset 8
	retq
.LBB1_2:
	.cfi_def_cfa_offset 464
	movabsq	$PyExc_RuntimeError, %rdi
	movabsq	$".const.missing Environment: _ZN08NumbaEnv8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx", %rsi
	jmp	.LBB1_3
.LBB1_5:
	xorl	%r14d, %r14d
	movabsq	$PyErr_Occurred, %rax
	callq	*%rax
	testq	%rax, %rax
	je	.LBB1_9
.LBB1_8:
	xorl	%ebx, %ebx
	jmp	.LBB1_26
.LBB1_11:
	movabsq	$PyExc_TypeError, %rdi
	movabsq	$".const.can't unbox array from PyObject into native value.  The object maybe of a different type", %rsi
.LBB1_3:
	movabsq	$PyErr_SetString, %rax
	callq	*%rax
	xorl	%ebx, %ebx
	jmp	.LBB1_26
.LBB1_14:
	movabsq	$PyExc_TypeError, %rdi
	movabsq	$".const.can't unbox array from PyObject into native value.  The object maybe of a different type", %rsi
	movabsq	$PyErr_SetString, %rax
	callq	*%rax
	jmp	.LBB1_19
.LBB1_17:
	movabsq	$PyExc_TypeError, %rdi
	movabsq	$".const.can't unbox array from PyObject into native value.  The object maybe of a different type", %rsi
	movabsq	$PyErr_SetString, %rax
	callq	*%rax
	jmp	.LBB1_18
.LBB1_21:
	xorl	%r13d, %r13d
	movabsq	$PyErr_Occurred, %rax
	callq	*%rax
	testq	%rax, %rax
	je	.LBB1_25
.LBB1_22:
	movabsq	$NRT_decref, %rax
	movq	152(%rsp), %rdi
	callq	*%rax
	movq	%r12, %r15
.LBB1_18:
	movabsq	$NRT_decref, %rax
	movq	160(%rsp), %rdi
	callq	*%rax
.LBB1_19:
	movabsq	$NRT_decref, %rax
	movq	%r15, %rdi
	callq	*%rax
	xorl	%ebx, %ebx
	jmp	.LBB1_26
.Lfunc_end1:
	.size	_ZN7cpython8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx, .Lfunc_end1-_ZN7cpython8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx
	.cfi_endproc

	.globl	cfunc._ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx
	.p2align	4
	.type	cfunc._ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx,@function
cfunc._ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx:
	subq	$168, %rsp
	movq	%rdi, %rdx
	movq	224(%rsp), %rax
	movq	280(%rsp), %rcx
	movq	304(%rsp), %rsi
	movq	$0, 160(%rsp)
	movq	%rsi, 144(%rsp)
	movq	%rcx, 120(%rsp)
	movq	%rax, 64(%rsp)
	movq	%r9, 8(%rsp)
	movabsq	$_ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx, %rax
	leaq	160(%rsp), %rdi
	callq	*%rax
	movq	160(%rsp), %rax
	addq	$168, %rsp
	retq
.Lfunc_end2:
	.size	cfunc._ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx, .Lfunc_end2-cfunc._ZN8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx

	.weak	NRT_decref
	.p2align	4
	.type	NRT_decref,@function
NRT_decref:
	.cfi_startproc
	testq	%rdi, %rdi
	je	.LBB3_2
	#MEMBARRIER
	lock		decq	(%rdi)
	je	.LBB3_3
.LBB3_2:
	retq
.LBB3_3:
	#MEMBARRIER
	movabsq	$NRT_MemInfo_call_dtor, %rax
	jmpq	*%rax
.Lfunc_end3:
	.size	NRT_decref, .Lfunc_end3-NRT_decref
	.cfi_endproc

	.type	".const.make.<locals>.convert",@object
	.section	.lrodata,"al",@progbits
	.p2align	4, 0x0
".const.make.<locals>.convert":
	.asciz	"make.<locals>.convert"
	.size	".const.make.<locals>.convert", 22

	.type	_ZN08NumbaEnv8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx,@object
	.comm	_ZN08NumbaEnv8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx,8,8
	.type	".const.missing Environment: _ZN08NumbaEnv8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx",@object
	.p2align	4, 0x0
".const.missing Environment: _ZN08NumbaEnv8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx":
	.asciz	"missing Environment: _ZN08NumbaEnv8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx"
	.size	".const.missing Environment: _ZN08NumbaEnv8__main__4make12_3clocals_3e7convertB3v11B56c8tJTIeFIjxB2IKSgI4CrvQCk0Z4yRYcWsBAK4JJIqUWsIgmAA_3d_3dEx5ArrayIyLi1E1C7mutable7alignedE5ArrayIyLi1E1C7mutable7alignedE5ArrayIdLi1E1C7mutable7alignedEx", 231

	.type	".const.can't unbox array from PyObject into native value.  The object maybe of a different type",@object
	.p2align	4, 0x0
".const.can't unbox array from PyObject into native value.  The object maybe of a different type":
	.asciz	"can't unbox array from PyObject into native value.  The object maybe of a different type"
	.size	".const.can't unbox array from PyObject into native value.  The object maybe of a different type", 89

	.section	".note.GNU-stack","",@progbits
