using System.Runtime.InteropServices;

namespace ActorTrain.Models.Runtime;

/// <summary>Functions of the C library, whose environment and allocator are those that native libraries use.</summary>
internal static partial class Libc
{
    public const int Now = 2, Global = 0x100;

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SetEnvironment(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint GetEnvironment(string name);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    internal static partial int SetAllocator(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint Open(string file, int flags);
}
