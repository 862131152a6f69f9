// The instruction set that a file is compiled for, ANAPHORA_ARCH_NAME: as text, and as the end of a name. For avx2
// ANAPHORA_FOR_ARCH(kernels) is kernels_avx2.
#pragma once

#define ANAPHORA_TEXT(name) #name
#define ANAPHORA_TEXT_OF(name) ANAPHORA_TEXT(name)
#define ANAPHORA_ARCH_TEXT ANAPHORA_TEXT_OF(ANAPHORA_ARCH_NAME)

#define ANAPHORA_JOIN(name, arch) name##_##arch
#define ANAPHORA_JOIN_ALL(name, arch) ANAPHORA_JOIN(name, arch)
#define ANAPHORA_FOR_ARCH(name) ANAPHORA_JOIN_ALL(name, ANAPHORA_ARCH_NAME)
