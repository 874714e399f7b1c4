namespace ActorTrain.Actors.DataPlane;

/// <summary>What steps are trained on, for trainers of other processes. Thread-safe.</summary>
public interface IExperienceSource
{
    /// <summary>The newest that has the rollouts of all prompts at some positions; null if there is none.</summary>
    ServedExperience? Find(IReadOnlyList<long> positions);
}

/// <param name="Hash">Of all that training reads of it.</param>
/// <param name="IsOnPolicy">Whether the weights that are to be trained have sampled it.</param>
/// <param name="Content">Makes its bytes.</param>
public sealed record ServedExperience(ulong Hash, bool IsOnPolicy, Func<ReadOnlyMemory<byte>> Content);

/// <param name="Content">Null if it is the one that is known.</param>
public sealed record PulledExperience(ulong Hash, bool IsOnPolicy, byte[]? Content);
