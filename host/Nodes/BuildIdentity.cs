using ActorTrain.Actors.Hosting;
using ActorTrain.Data.Shards;
using ActorTrain.Models;
using ActorTrain.Persistence.Runs;

namespace ActorTrain.Host.Nodes;

/// <summary>Identifies the build of the program: the same sources, built alike, have the same.</summary>
internal static class BuildIdentity
{
    /// <summary>Hexadecimal digits.</summary>
    public static string Value { get; } = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
        [.. Types.SelectMany(static type => type.Module.ModuleVersionId.ToByteArray())]))[..16];

    // One of each assembly.
    private static IEnumerable<Type> Types =>
    [
        typeof(BuildIdentity), typeof(TrainingHost), typeof(TokenStore), typeof(Transformer), typeof(UserErrorException),
        typeof(RunDirectory),
    ];
}
