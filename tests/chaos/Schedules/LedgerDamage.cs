using ActorTrain.Chaos.Tests.World;

namespace ActorTrain.Chaos.Tests.Schedules;

/// <summary>What happens to files of rollouts between two processes of a run.</summary>
internal enum LedgerDamage
{
    None,

    /// <summary>All are gone.</summary>
    Delete,

    /// <summary>Half of the newest is gone.</summary>
    TearNewest,

    /// <summary>A bit of each is flipped.</summary>
    Flip,
}

internal static class LedgerDamages
{
    /// <summary>Applies it.</summary>
    /// <returns>The steps whose files are gone or unreadable now.</returns>
    public static IEnumerable<long> Apply(this LedgerDamage damage, ChaosPlace place)
    {
        var steps = place.Rollouts.Steps();
        foreach (var step in damage == LedgerDamage.TearNewest ? steps.TakeLast(1) : steps)
        {
            var path = place.Rollouts.PathOf(step);
            switch (damage)
            {
                case LedgerDamage.None:
                    yield break;
                case LedgerDamage.Delete:
                    File.Delete(path);
                    break;
                case LedgerDamage.TearNewest:
                    using (var file = File.OpenWrite(path))
                        file.SetLength(file.Length / 2);
                    break;
                case LedgerDamage.Flip:
                    var bytes = File.ReadAllBytes(path);
                    bytes[bytes.Length / 2] ^= 1;
                    File.WriteAllBytes(path, bytes);
                    break;
            }

            yield return step;
        }
    }
}
