using Akka.Actor;

namespace Akka.Pattern;

/// <summary>A circuit breaker let no call through.</summary>
public class OpenCircuitException : AkkaException
{
    private const string Sentence = "Circuit Breaker is open; calls are failing fast";

    /// <summary>Without a cause.</summary>
    public OpenCircuitException() : base(Sentence)
    {
    }

    /// <summary>With words.</summary>
    public OpenCircuitException(string message) : base(message)
    {
    }

    /// <summary>With words and how long it stays so.</summary>
    public OpenCircuitException(string message, TimeSpan remainingDuration) : base(message)
        => RemainingDuration = remainingDuration;

    /// <summary>With words and the failure that opened the breaker.</summary>
    public OpenCircuitException(string message, Exception cause) : base(message, cause)
    {
    }

    /// <summary>With words, the failure that opened the breaker and how long it stays so.</summary>
    public OpenCircuitException(string message, Exception cause, TimeSpan remainingDuration) : base(message, cause)
        => RemainingDuration = remainingDuration;

    /// <summary>With the failure that opened the breaker.</summary>
    public OpenCircuitException(Exception cause) : base(Sentence, cause)
    {
    }

    /// <summary>With the failure that opened the breaker and how long it stays so.</summary>
    public OpenCircuitException(Exception cause, TimeSpan remainingDuration) : base(Sentence, cause)
        => RemainingDuration = remainingDuration;

    /// <summary>How long the breaker stays open.</summary>
    public TimeSpan RemainingDuration { get; }
}

/// <summary>Stands for a failure that was reported by <see cref="CircuitBreaker.Fail"/>.</summary>
public class UserCalledFailException : AkkaException
{
    /// <summary>Makes it.</summary>
    public UserCalledFailException() : base("User code caused CircuitBreaker to fail because it called Fail() method.")
    {
    }
}
