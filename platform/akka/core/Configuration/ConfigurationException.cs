using Akka.Actor;

namespace Akka.Configuration;

/// <summary>A configuration that cannot be read or names what is not there.</summary>
public class ConfigurationException : AkkaException
{
    /// <summary>With a sentence that says what is wrong.</summary>
    public ConfigurationException(string message) : base(message)
    {
    }

    /// <summary>With a sentence that says what is wrong, and what was thrown.</summary>
    public ConfigurationException(string message, Exception exception) : base(message, exception)
    {
    }
}
