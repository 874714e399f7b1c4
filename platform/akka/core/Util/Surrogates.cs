using Akka.Actor;

namespace Akka.Util;

/// <summary>What stands for an object while it is written down.</summary>
public interface ISurrogate
{
    /// <summary>The object itself.</summary>
    ISurrogated FromSurrogate(ActorSystem system);
}

/// <summary>An object that another stands for while it is written down.</summary>
public interface ISurrogated
{
    /// <summary>What stands for the object.</summary>
    ISurrogate ToSurrogate(ActorSystem system);
}
