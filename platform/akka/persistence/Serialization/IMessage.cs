namespace Akka.Persistence.Serialization;

/// <summary>Marks messages of the persistence layer that may be stored.</summary>
public interface IMessage;
