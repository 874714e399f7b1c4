using ActorTrain.Actors.Protocol;
using ActorTrain.Models;

namespace ActorTrain.Actors.Metrics;

/// <summary>Where measurements are stored, step by step: the files of the run, or their simulation. After reopening they contain what was
/// flushed.</summary>
public interface IMetricsFiles : IDisposable
{
    /// <summary>Reopens the files and abandons rows after a step.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    void Open(long afterStep);

    /// <summary>Abandons rows after a step, which are about to be redone.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    void Rewind(long afterStep, string reason);

    /// <summary>Adds a measurement, unless it exists.</summary>
    /// <exception cref="UserErrorException">A disk error; it may be half written.</exception>
    void Append(Measurement measurement);

    /// <summary>Makes all rows durable against a power cut.</summary>
    /// <exception cref="UserErrorException">A disk error.</exception>
    void Flush();
}
