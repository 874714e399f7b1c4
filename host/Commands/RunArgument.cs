using System.CommandLine;

namespace ActorTrain.Host.Commands;

/// <summary>The argument that names a trained model.</summary>
internal static class RunArgument
{
    public static Argument<string> Create(string description = "A run by its name under runs/ or its folder, whose newest good checkpoint is taken, or one checkpoint's folder.") =>
        new("RUN") { Description = description, Arity = ArgumentArity.ExactlyOne };
}
