namespace ActorTrain.Models.Runtime;

/// <summary>Recognizes failures for lack of memory: those of the runtime, of libtorch's allocators on CPUs and accelerators, and of the
/// fused kernels.</summary>
public static class MemoryExhaustion
{
    // Native failures are recognizable only by their messages.
    private static readonly string[] Messages =
        ["out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory", "bad_alloc"];

    public static bool IsCauseOf(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            var message = exception.Message;
            if (exception is OutOfMemoryException || Messages.Any(known => message.Contains(known, StringComparison.OrdinalIgnoreCase)))
                return true;
        }

        return false;
    }
}
