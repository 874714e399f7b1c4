namespace Akka.TestKit.Internal;

/// <summary>Durations as the test kit counts them: infinite is negative, as <see cref="Timeout.InfiniteTimeSpan"/> is.</summary>
internal static class Durations
{
    internal static bool IsInfinite(this TimeSpan duration) => duration < TimeSpan.Zero;

    internal static TimeSpan AtMost(this TimeSpan duration, TimeSpan? limit) =>
        limit is not { } other || other.IsInfinite() ? duration
        : duration.IsInfinite() || other < duration ? other
        : duration;

    internal static void EnsureIsPositiveFinite(this TimeSpan duration, string parameterName)
    {
        if (duration.IsInfinite())
            throw new ArgumentException($"{parameterName} must be positive or zero and finite, but is {duration}.", parameterName);
    }
}
